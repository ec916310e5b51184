agent {
  data_dir = "data"
}

ingest {
  listen     = ":8080"
  public_url = "https://hooks.acme.example"
  behind_proxy = true
}
