container "a" {
  image = "bash"
  dynamic "mount" {
    for_each = ["/a"]
    iterator = "m"
    content {
      source = m.value
      target = "/x"
    }
  }
  dynamic {
    for_each = []
    content {}
  }
}
container "b" { image = "bash" name = "x" }
