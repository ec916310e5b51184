agent {
  data_dir = "data"
}

network {
  private = ["10.0.0.1"
}
