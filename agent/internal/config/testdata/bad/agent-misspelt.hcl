agent {
  data_dirr = "x"
  data_dir = "x"
}
