agent {
  data_dir = "data"
}

sink "webhook" "chat" {
  url = "https://hooks.slack.com/services/T0/B0/canary"
}
