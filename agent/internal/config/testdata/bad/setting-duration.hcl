agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = "acme"
    stale_after = "90 days"
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
