variable "groups" {
  default = { a = [1, 2], b = [] }
}
container "c" {
  for_each = var.groups
  image    = "bash"
  dynamic "ports" {
    for_each = each.value
    content {
      target    = ports.value
      published = ports.key + 8000
    }
  }
  dynamic "ready" {
    for_each = length(each.value) > 0 ? [1] : []
    content {
      timeout = "${ready.value}m"
    }
  }
}
