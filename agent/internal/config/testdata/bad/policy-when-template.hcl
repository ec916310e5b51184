agent {
  data_dir = "data"
}

policy "p" {
  on = "file"
  when = "file.name == ${x}"
}
