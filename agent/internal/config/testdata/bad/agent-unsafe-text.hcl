agent {
  data_dir = "x"
  unsafe = "true"
}
