agent {
  data_dir = "data"
}

sink "webhok" "chat" {
  url = secret("env:CHAT_URL")
}
