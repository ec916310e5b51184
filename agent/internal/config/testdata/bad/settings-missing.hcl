agent {
  data_dir = "data"
}

instance "github" "sales" {
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
