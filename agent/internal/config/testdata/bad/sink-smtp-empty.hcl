agent {
  data_dir = "data"
}

sink "smtp" "mail" {
}
