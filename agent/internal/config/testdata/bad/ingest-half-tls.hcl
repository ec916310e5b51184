agent {
  data_dir = "data"
}

ingest {
  listen     = "0.0.0.0:8443"
  public_url = "https://hooks.acme.example"
  tls {
    cert_file = "a.crt"
  }
}
