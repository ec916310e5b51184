agent {
  data_dir = "data"
}

ingest {
  listen     = "127.0.0.1:8080"
  public_url = "hooks.acme.example"
}
