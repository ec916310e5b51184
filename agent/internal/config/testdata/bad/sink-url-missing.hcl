agent {
  data_dir = "data"
}

sink "webhook" "chat" {
  template = "slack"
}
