agent {
  data_dir = "data"
}

network {
  private = ["10.1.2.3/8"]
}
