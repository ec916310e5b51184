agent {
  data_dir = "x"
  containment = "off"
}
