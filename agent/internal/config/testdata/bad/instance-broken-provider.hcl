agent {
  data_dir = "data"
}

instance "broken" "x" {
  settings {
    organization = "acme"
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
