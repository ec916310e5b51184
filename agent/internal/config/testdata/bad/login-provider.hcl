agent {
  data_dir = "./data"
}
instance "github" "main" {
  settings {
    organization = "acme"
  }
  credentials {
    token = secret("env:T")
  }
}
instance "box" "audit" {
  credentials {
    client_id     = "c"
    client_secret = secret("env:S")
    login         = "github/main"
  }
}
