agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = 42
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
