agent {
  data_dir = "x"
  listen = "mooring.acme.example:443"
}
