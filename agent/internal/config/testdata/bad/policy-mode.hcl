agent {
  data_dir = "data"
}

policy "p" {
  on   = "file"
  when = "file.trashed"
  mode = "block"
}
