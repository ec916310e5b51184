agent {
  data_dir = ""
}
