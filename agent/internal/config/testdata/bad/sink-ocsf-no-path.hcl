agent {
  data_dir = "data"
}

sink "ocsf" "siem" {
  max_files = 0
}
