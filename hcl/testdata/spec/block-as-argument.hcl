container "c" {
  image = "bash"
  mount = { source = "/srv", target = "/x" }
  environment {
    A = "1"
  }
}
