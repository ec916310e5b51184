agent {
  data_dir = "data"
}

sink "ocsf" "siem" {
  path = "events.jsonl"
}

sink "ocsf" "siem" {
  path = "other.jsonl"
}
