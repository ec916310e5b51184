agent {
  data_dir = "data"
}

ingest {
  listen = ":443"
}
