agent {
  data_dir = "data"
}

policy "p" {
  on = "files"
  when = <<-CEL
    file.trashed
      && file.name == "a\\d"
  CEL
  severity = "critical"
  mode = "enforce"
  act_within = "1h"
  max_per_hour = 5
  description = "x"
  enabled = false
  action "make_private" {
    approval = "required"
    to = "x"
    days = 3
    really = true
    share = 0.5
  }
  test "trashed" {
    file = { trashed = true }
  }
}
