agent {
  data_dir = "ÿş"
}
