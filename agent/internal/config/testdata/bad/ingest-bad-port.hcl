agent {
  data_dir = "data"
}

ingest {
  listen     = "127.0.0.1:https"
  public_url = "https://hooks.acme.example"
}
