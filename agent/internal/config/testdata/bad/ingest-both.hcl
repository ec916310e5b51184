agent {
  data_dir = "data"
}

ingest {
  listen     = "0.0.0.0:8443"
  public_url = "https://hooks.acme.example"
  behind_proxy = true
  tls {
    cert_file = "a.crt"
    key_file  = "a.key"
  }
}
