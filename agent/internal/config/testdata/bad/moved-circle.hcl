agent {
  data_dir = "data"
}

moved {
  from = "github/a"
  to = "github/b"
}
moved {
  from = "github/b"
  to = "github/a"
}
