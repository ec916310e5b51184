agent {
  data_dir = "data"
}

instance "github" "Sales EU" {
  settings {
    organization = "acme"
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
