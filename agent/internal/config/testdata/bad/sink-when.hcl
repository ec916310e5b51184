agent {
  data_dir = "data"
}

sink "ocsf" "siem" {
  path = "events.jsonl"
  when {
    severity  = "hi"
    policies  = ["Keys *"]
    instances = ["github"]
    kind      = "file"
  }
}
