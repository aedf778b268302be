container "c" {
  image = "bash"
