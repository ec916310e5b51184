agent {
  data_dir = "data"
}

instance "hello" "x" {
}
