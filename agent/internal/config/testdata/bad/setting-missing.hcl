agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    depth = 3
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
