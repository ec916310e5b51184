agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = "acme"
    archived = "true"
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
