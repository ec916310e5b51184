agent {
  data_dir = "data"
}

sink "webhook" "chat" {
  url         = secret("env:CHAT_URL")
  signing_key = "canary"
}
