variable "mounts" {
  default = { "/a" = "/src/a", "/b" = "/src/b" }
}
container "web" {
  for_each = toset(["x", "y"])
  image    = "bash"
  mount {
    source = "/first"
    target = "/first"
  }
  dynamic "mount" {
    for_each = var.mounts
    content {
      source    = "${mount.value}/${each.key}"
      target    = mount.key
      read_only = true
    }
  }
  dynamic "ports" {
    for_each = [80, 443]
    iterator = port
    content {
      target = port.value
    }
  }
}
