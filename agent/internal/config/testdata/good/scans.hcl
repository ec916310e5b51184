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
  scan "accounts" {
    every = "90d"
  }
  scan "outside" {
    enabled = false
  }
  scan "audit" {
    every = "1m30s"
    lookback = "2w"
  }
  scan "file" {
    every = "1.5h"
  }
}
