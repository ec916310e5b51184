agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = "acme"
    depth = 1 + 1
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
