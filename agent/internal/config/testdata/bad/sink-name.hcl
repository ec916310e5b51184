agent {
  data_dir = "data"
}

sink "ocsf" "My SIEM" {
  path = "events.jsonl"
}
