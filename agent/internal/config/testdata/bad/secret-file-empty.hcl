agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = "acme"
  }
  credentials {
    token = secret("file:")
  }
}
