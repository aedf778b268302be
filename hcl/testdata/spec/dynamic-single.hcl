container "c" {
  image = "bash"
  dynamic "ready" {
    for_each = [1, 2]
    content {
      timeout = "1m"
    }
  }
}
