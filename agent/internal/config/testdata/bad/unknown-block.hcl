agent {
  data_dir = "data"
}

instnace "github" "x" {
}
