agent {
  data_dir = "data"
}

network {
  proxy = secret("env:PROXY")
  no_proxy = ["localhost", ".acme.example", "10.0.0.0/8"]
  ca_files = ["roots.pem", "/etc/ssl/x.pem"]
  private = ["127.0.0.1", "10.0.0.0/8", "fd00::/8", "::ffff:192.168.1.1"]
}
