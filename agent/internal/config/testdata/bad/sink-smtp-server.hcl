agent {
  data_dir = "data"
}

sink "smtp" "mail" {
  server = "smtp.acme.example"
  from   = "Mooring <mooring@acme.example>"
  to     = ["security@acme.example", "nobody"]
}
