agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = "acme"
    base_url = "https://10.0.0.7"
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
