agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = "acme"
  }
  credentials {
    private_key = secret("env:K")
    installation_id = "5"
  }
}
