agent {
  data_dir = "data"
}

policy "p" {
  on   = "file"
  when = "file.trashed"
  action "make_private" {
    to = ["a"]
  }
}
