agent {
  data_dir = "x"
  listen {
  }
}
