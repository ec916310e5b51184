agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = "acme"
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
  actions {
    credentials {
      app_id      = "5"
      private_key = secret("env:ACT")
    }
  }
}
