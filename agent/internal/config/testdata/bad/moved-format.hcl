agent {
  data_dir = "data"
}

moved {
  from = "github"
  to = "github/b"
}
