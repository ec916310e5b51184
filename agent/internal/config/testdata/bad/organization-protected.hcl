agent {
  data_dir = "data"
}

organization {
  protected = ["root"]
}
