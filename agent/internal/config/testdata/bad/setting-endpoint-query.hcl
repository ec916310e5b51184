agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = "acme"
    base_url = "https://github.acme.example/?a=b"
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
