agent "x" {
  data_dir = "data"
}
