agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = "acme"
    stale_after = 90
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
