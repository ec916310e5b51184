agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings "x" {
    organization = "acme"
  }
  credentials {
    token = secret("env:T")
  }
}
