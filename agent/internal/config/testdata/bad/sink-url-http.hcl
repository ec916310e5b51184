agent {
  data_dir = "data"
}

sink "webhook" "chat" {
  url = "http://siem.acme.example/canary"
}
