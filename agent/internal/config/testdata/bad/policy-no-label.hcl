agent {
  data_dir = "data"
}

policy {
  on   = "file"
  when = "file.trashed"
}
