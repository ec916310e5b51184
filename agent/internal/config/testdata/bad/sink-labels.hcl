agent {
  data_dir = "data"
}

sink "webhook" {
  url = secret("env:CHAT_URL")
}
