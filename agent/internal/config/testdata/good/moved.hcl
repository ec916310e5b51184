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
}
moved {
  from = "github/a"
  to = "github/b"
}
moved {
  from = "github/b"
  to = "github/sales"
}
