agent {
  data_dir = "x"
  log_format = 5
}
