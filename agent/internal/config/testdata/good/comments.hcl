# one
// two
/* three */ agent {
  data_dir = "x" # four
}
