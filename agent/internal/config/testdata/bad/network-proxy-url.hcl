agent {
  data_dir = "data"
}

network {
  proxy = "proxy:3128"
}
