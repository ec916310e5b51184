agent {
  data_dir = "x"
  log_level = "warning"
}
