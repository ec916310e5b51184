agent {
  data_dir = "./data"
}
instance "box" "main" {
  credentials {
    token = secret("env:T")
    login = "box/other"
  }
}
