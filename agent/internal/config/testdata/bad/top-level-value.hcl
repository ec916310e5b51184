agent {
  data_dir = "data"
}

data_dir = "x"
