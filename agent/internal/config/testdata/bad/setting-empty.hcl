agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = "  "
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
