agent {
  data_dir = "data"
}

ingest {
  listen     = ":8443"
  public_url = "https://hooks.acme.example"
}
