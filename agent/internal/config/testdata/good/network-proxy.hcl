agent {
  data_dir = "data"
}

network {
  proxy = "http://proxy.acme.example:3128"
}
