agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = "acme"
  }
  credentials {
    app_id = secret("env:APP")
    private_key = secret("systemd:github.pem")
    installation_id = "9"
  }
}
