agent {
  data_dir = "data"
}

network {
  proxy = ["a"]
}
