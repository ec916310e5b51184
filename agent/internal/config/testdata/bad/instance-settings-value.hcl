agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings = {}
  credentials {
    token = secret("env:T")
  }
}
