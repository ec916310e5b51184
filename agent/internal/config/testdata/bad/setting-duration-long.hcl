agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = "acme"
    stale_after = "99999w"
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
