agent {
  data_dir = secret("env:HOME")
}
