agent {
  data_dir = "data"
}

network {
  ca_files = [secret("file:/x")]
}
