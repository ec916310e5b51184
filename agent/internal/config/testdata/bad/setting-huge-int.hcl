agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = "acme"
    depth = 1e30
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
