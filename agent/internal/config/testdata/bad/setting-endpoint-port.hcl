agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = "acme"
    base_url = "https://github.acme.example:0"
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
