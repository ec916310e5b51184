agent {
  data_dir = "x"
  listen = "127.0.0.1"
}
