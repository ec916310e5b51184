agent {
  data_dir = "data"
}

network {
  proxy = secret("PROXY")
}
