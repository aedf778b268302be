container "o" { image = "bash" }
container "c" {
  image = "bash"
  dynamic "mount" {
    for_each = container.o.ports
    content {
      source = "/a"
      target = "/b"
    }
  }
}
