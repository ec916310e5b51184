agent {
  data_dir = "./data"
}

organization {
  domains  = ["acme.example"]
  personal = ["Freemail.example"]
  partner "globex" {
    domains = ["globex.example", "Globex.test"]
  }
}

policy "burst" {
  on    = "activity"
  when  = "activity.type == 'file_download'"
  group = "actor"
  repeat {
    count    = 50
    within   = "1m"
    by       = "ip"
    distinct = "target"
  }
}
