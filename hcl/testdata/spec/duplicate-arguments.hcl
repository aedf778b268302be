container "c" {
  image = "a"
  image = "b"
  environment = { A = 1, A = 2 }
}
