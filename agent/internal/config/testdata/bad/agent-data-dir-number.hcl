agent {
  data_dir = 7
}
