agent {
  data_dir = "data"
}

ingest {}

instance "github" "sales" {
  settings {
    organization = "acme"
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
  realtime = "push"
}
