agent {
  data_dir = "data"
}

policy "Keys in files" {
  on   = "file"
  when = "file.trashed"
}
