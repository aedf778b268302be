container "c" {
  image = "bash"
  mount {
    source = "/a"
    target = "/x"
  }
  mount {
    source = "/b"
    target = "/x/"
  }
}
