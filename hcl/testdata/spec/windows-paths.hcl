container "c" {
  image = "bash"
  mount {
    source = "C:\\work"
    target = "/x"
  }
}
