agent {
  data_dir = "data"
}

ingest {
}
