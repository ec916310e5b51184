agent {
  data_dir = "data"
}

policy "p" {
  when = "true"
}
