agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = "acme"
    plan = "Team"
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
