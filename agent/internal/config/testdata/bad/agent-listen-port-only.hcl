agent {
  data_dir = "x"
  listen = ":8420"
}
