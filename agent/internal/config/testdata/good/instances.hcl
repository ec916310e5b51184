agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = "acme"
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}

instance "github" "support" {
  settings {
    organization = "acme"
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
  enabled = false
}

instance "okta" "main" {
  settings {
    base_url = "https://acme.okta.com"
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
