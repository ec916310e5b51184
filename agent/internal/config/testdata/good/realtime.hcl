agent {
  data_dir = "data"
}

ingest {
  listen     = "0.0.0.0:8443"
  public_url = "https://hooks.acme.example/mooring/"
  tls {
    cert_file = "hooks.crt"
    key_file  = "/etc/mooring/hooks.key"
  }
}

instance "github" "sales" {
  settings {
    organization = "acme"
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
  realtime = "push"
}
