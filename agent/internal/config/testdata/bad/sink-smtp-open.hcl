agent {
  data_dir = "data"
}

sink "smtp" "mail" {
  server   = "smtp.acme.example:25"
  from     = "mooring@acme.example"
  to       = ["security@acme.example"]
  user     = "mooring"
  password = secret("env:MAIL_PASSWORD")
  tls      = "off"
}
