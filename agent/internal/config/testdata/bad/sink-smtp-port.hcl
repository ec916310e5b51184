agent {
  data_dir = "data"
}

sink "smtp" "mail" {
  server = "smtp.acme.example:smtp"
  from   = "mooring@acme.example"
  to     = ["security@acme.example"]
  digest = "1s"
}
