agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = "acme"
    base_url = "https://[::1"
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
