agent {
  data_dir = "data"
}

network {
  private = ["10.0.0.0/8"]
}

instance "github" "sales" {
  settings {
    organization = "acme"
    base_url = "http://10.0.0.7:8080"
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
