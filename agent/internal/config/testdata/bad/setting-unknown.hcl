agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organisation = "acme"
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
