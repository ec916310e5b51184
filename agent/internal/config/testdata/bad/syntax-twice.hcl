agent {
  data_dir = "a"
  data_dir = "b"
}
