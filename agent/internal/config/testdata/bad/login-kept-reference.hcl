agent {
  data_dir = "./data"
}
instance "box" "main" {
  credentials {
    client_id     = "c"
    client_secret = secret("env:S")
    refresh_token = secret("env:R")
  }
}
