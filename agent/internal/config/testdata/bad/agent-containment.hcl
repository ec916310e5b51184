agent {
  data_dir = "x"
  containment = "none"
}
