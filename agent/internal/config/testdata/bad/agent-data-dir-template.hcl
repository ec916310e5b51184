agent {
  data_dir = "/x/${home}"
}
