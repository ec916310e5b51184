agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = "acme"
    base_url = "https://me:ghp_canary@github.acme.example"
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
