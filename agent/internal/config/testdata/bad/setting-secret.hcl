agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = secret("env:ORG")
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
