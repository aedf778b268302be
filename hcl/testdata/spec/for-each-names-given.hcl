container "web" {
  for_each = toset(["a", "b"])
  image    = "bash"
  name     = "same"
}
container "ok" {
  for_each = toset(["a", "b"])
  image    = "bash"
  name     = "ok-${each.key}"
}
