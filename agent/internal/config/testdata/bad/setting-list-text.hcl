agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = "acme"
    topics = "a"
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
