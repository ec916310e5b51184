agent {
  data_dir = "x"
  connector_dirs = "./bin"
}
