agent {
  data_dir = env("HOME")
}
