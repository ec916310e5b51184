agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = "acme"
    plan = 5
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
