agent {
  data_dir = "data"
}

policy "p" {
  on   = "file"
  when = "file.trashed"
  act_within = "0s"
}
