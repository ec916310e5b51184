agent {
  data_dir = "./data"
  seal_key = secret("file:/etc/mooring/seal.key")
}
instance "box" "main" {
  credentials {
    client_id     = "c"
    client_secret = secret("env:S")
  }
}
instance "box" "audit" {
  credentials {
    client_id     = "c"
    client_secret = secret("env:S")
    login         = "box/main"
  }
}
instance "box" "own" {
  credentials {
    client_id     = "c"
    client_secret = secret("env:S")
    login         = "box/own"
  }
}
instance "box" "plain" {
  credentials {
    token = secret("env:T")
  }
}
