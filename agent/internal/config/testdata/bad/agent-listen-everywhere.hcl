agent {
  data_dir = "x"
  listen = "0.0.0.0:8420"
}
