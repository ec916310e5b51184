agent {
  data_dir = "./data"
}
instance "box" "audit" {
  credentials {
    client_id     = "c"
    client_secret = secret("env:S")
    login         = "box/main"
  }
}
