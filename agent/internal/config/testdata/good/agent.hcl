agent {
  data_dir = "../state"
  listen = "[::1]:8420"
  connector_dirs = ["bin", "/opt/connectors"]
  log_level = "debug"
  log_format = "json"
  containment = "off"
  unsafe = true
}
