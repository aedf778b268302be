container "c" {
  image = "bash"
  mount {
    type   = "volume"
    source = "/not/a/name"
    target = "/x"
  }
  mount {
    type   = "volume"
    source = "fine"
    target = "/y"
  }
}
