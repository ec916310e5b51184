agent {
  data_dir = "data"
}

policy "p" {
  on = "flie"
  when = "true"
}
