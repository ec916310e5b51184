agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = null
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
