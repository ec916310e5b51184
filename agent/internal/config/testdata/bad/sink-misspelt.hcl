agent {
  data_dir = "data"
}

sink "ocsf" "siem" {
  path = "events.jsonl"
  max_sise_mb = 3
}
