agent {
  data_dir = "./data"
}
instance "box" "main" {
  credentials {
    client_id = "c"
  }
}
