agent {
  data_dir = "data"
}

network {
  private = ["0.0.0.0/0"]
}
