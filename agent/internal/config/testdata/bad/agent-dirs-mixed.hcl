agent {
  data_dir = "x"
  connector_dirs = ["a", 1, "", "a"]
}
