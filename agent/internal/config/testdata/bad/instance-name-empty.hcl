agent {
  data_dir = "data"
}

instance "github" "" {
  settings {
    organization = "acme"
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
