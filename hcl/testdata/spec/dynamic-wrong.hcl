container "web" {
  image = "bash"
  dynamic "mount" {
    for_each = ["/a", "/a/", "relative"]
    content {
      source = "/x"
      target = mount.value
    }
  }
  dynamic "nothing" {
    for_each = []
    content {}
  }
  dynamic "ports" {
    for_each = [1]
    content {
      target = port.value
    }
  }
}
