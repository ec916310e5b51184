agent {
  data_dir = "data"
}

organization {
  domains = ["@acme.example", "acme", "acme.example"]
}
