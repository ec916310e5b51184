agent {
  data_dir = "data"
}

network {
  proxy = "http://mooring:ghp_canary@proxy:3128"
}
