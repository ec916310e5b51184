agent {
  data_dir = "./data"
}
policy "p" {
  on    = "activity"
  when  = "activity.type == 'login'"
  group = "people"
  repeat {
    count  = 1
    within = "30d"
    by     = ["actor"]
    often  = true
  }
}
policy "q" {
  on   = "activity"
  when = "activity.type == 'login'"
  repeat {
  }
}
