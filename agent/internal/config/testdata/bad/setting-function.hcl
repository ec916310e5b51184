agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = upper("acme")
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
