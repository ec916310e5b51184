agent {
  data_dir = "data"
}

sink "ocsf" "siem" {
  path = "events.jsonl"
  send = ["alert.open", "alerts.*"]
}
