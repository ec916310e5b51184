agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = "acme"
  }
  credentials {
    app_id = "1"
    private_key = secret("env:K")
    token = secret("env:T")
  }
}
