agent {
  data_dir = "data"
}

sink "webhook" "chat" {
  url = "https://siem.acme.example/in?token=canary"
}
