agent {
  data_dir = "data"
}

instance "github" "sales" {
  credentials {
    token = "ghp_canarycanarycanary
  }
}
