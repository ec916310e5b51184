agent {
  data_dir = "data"
}

instance {
  settings {
    organization = "acme"
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
