agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = "acme"
    stale_after = "3y"
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
