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
  scan "files" {
    every = "1h"
  }
  scan "files" {
    every = "2h"
  }
}
