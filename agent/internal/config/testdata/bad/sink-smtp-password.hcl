agent {
  data_dir = "data"
}

sink "smtp" "mail" {
  server   = "smtp.acme.example:587"
  from     = "mooring@acme.example"
  to       = ["security@acme.example"]
  password = "canary"
}
