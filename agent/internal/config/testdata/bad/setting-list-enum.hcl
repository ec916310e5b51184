agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = "acme"
    include = ["wikis"]
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
