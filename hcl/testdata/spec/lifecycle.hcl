image "app" { from = "bash" }
container "web" {
  for_each = toset(["a", "b"])
  image    = image.app
  lifecycle {
    prevent_destroy      = true
    ignore_changes       = [cpus, environment.LANG, environment["PATH"], mount]
    replace_triggered_by = [image.app, container.other[each.key], container.other["a"].command, container.other[0 == 0 ? "a" : "b"].id]
  }
}
container "other" {
  for_each = toset(["a", "b"])
  image    = "bash"
  lifecycle {
    ignore_changes = all
  }
}
