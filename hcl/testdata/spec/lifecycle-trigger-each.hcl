image "i" {
  for_each = { a = "bash", b = "nginx" }
  from     = each.value
}
container "c" {
  for_each = image.i
  image    = each.value
  lifecycle {
    replace_triggered_by = [image.i[each.key]]
  }
}
