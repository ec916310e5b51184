agent {
  data_dir = "data"
}

moved {
  from = "github/a"
  to = "github/a"
}
