agent {
  data_dir = "data"
}

instance "hello" "x" {
  credentials {
    token = secret("env:T")
  }
}
