agent {
  data_dir = "data"
}

moved {
  from = "github/a"
}
