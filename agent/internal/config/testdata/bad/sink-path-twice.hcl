agent {
  data_dir = "data"
}

sink "ocsf" "one" {
  path = "events.jsonl"
}

sink "ocsf" "two" {
  path = "./events.jsonl"
}
