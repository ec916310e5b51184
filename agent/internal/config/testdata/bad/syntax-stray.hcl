agent {
  data_dir = "data"
}

hello
