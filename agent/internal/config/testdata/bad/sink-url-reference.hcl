agent {
  data_dir = "data"
}

sink "webhook" "chat" {
  url = secret("canary")
}
