agent {
  data_dir = "data"
}

sink "webhook" "chat" {
  url = secret("env:CHAT_URL")
  headers {
    Authorization   = "Bearer canary"
    Idempotency-Key = "x"
    X_Team          = "x"
    X-Number        = 5
    X-Line          = "a\nb"
  }
}
