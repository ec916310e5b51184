agent {
  data_dir = "/x"
  listen = "localhost:0"
}
