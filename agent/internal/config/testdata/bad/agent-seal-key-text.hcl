agent {
  data_dir = "./data"
  seal_key = "canary-key"
}
