agent {
  data_dir = "data"
}

instance "github" "sales" {
  settings {
    organization = "acme"
    base_url = "https://github.acme.example/api/v3"
    plan = "team"
    archived = true
    depth = -7
    stale_after = "1w2d"
    topics = ["a,b", "c"]
    include = ["wiki"]
  }
  credentials {
    token = secret("env:GITHUB_TOKEN")
  }
}
