agent {
  data_dir = "data"
}

ingest {
  listen     = "127.0.0.1:0"
  public_url = "http://127.0.0.1:8443"
}
