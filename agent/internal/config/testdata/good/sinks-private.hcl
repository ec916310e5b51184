agent {
  data_dir = "data"
}

sink "webhook" "own" {
  url = "http://10.1.2.3/mooring"
}

sink "smtp" "local" {
  server = "localhost:25"
  from   = "mooring@acme.example"
  to     = ["security@acme.example"]
  tls    = "off"
}
