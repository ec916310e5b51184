agent {
  data_dir = "data"
}

instance "okta" "main" {
  settings {
    base_url = "https://acme.okta.com"
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
  realtime = "push"
}
