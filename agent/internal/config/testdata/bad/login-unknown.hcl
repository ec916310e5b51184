agent {
  data_dir = "./data"
}
instance "box" "main" {
  credentials {
    client_id     = "c"
    client_secret = secret("env:S")
  }
}
instance "box" "audit" {
  credentials {
    client_id     = "c"
    client_secret = secret("env:S")
    login         = "box/mian"
  }
}
