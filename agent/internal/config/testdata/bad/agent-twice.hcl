agent {
  data_dir = "data"
}

agent {
  data_dir = "b"
}
