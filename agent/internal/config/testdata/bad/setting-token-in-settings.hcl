agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = "acme"
    token = "ghp_canary"
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
