agent {
  data_dir = "data"
}

instance "github" "sales" "x" {
  settings {
    organization = "acme"
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
