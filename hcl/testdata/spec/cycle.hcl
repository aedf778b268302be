container "a" {
  image       = "bash"
  environment = { NEXT = container.b.name }
}
container "b" {
  image      = "bash"
  depends_on = [container.c]
}
container "c" {
  image       = "bash"
  environment = { NEXT = local.next }
}
container "d" {
  image      = "bash"
  depends_on = [container.d]
}
container "behind" {
  image      = "bash"
  depends_on = [container.a]
}
locals {
  next = container.a.name
}
