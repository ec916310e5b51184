agent {
  data_dir = "data"
}

organization {
  domains = ["ACME.example", "bücher.example"]
  protected = ["root@acme.example", "okta/main/account/00u1"]
}
