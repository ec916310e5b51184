agent {
  data_dir = "data"
}

instance "gihub" "sales" {
  settings {
    organization = "acme"
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
