agent {
  data_dir = "./data"
}
instance "okta" "main" {
  settings {
    base_url = "https://acme.okta.com"
  }
  credentials {
    token = secret("env:T")
    login = "box/main"
  }
}
