container "a" {
  for_each    = toset(["x"])
  image       = "bash"
  environment = { ME = container.a["x"].name }
}
container "b" {
  for_each = container.b
  image    = "bash"
}
container "c" {
  count = length(local.d)
  image = "bash"
}
locals { d = [for c in container.c : c.name] }
