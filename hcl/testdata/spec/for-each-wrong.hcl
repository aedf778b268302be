variable "secret" {
  sensitive = true
  default   = { a = "x" }
}
variable "open" {
  default = null
}
container "list" {
  for_each = ["a", "b"]
  image    = "bash"
}
container "null" {
  for_each = var.open
  image    = "bash"
}
container "secret" {
  for_each = var.secret
  image    = "bash"
}
container "unknown" {
  for_each = toset([container.plain.id])
  image    = "bash"
}
container "keys" {
  for_each = { (container.plain.id) = 1 }
  image    = "bash"
}
container "text" {
  for_each = "a"
  image    = "bash"
}
container "numbers" {
  for_each = toset([1, 2])
  image    = "bash"
}
container "both" {
  for_each = {}
  count    = 1
  image    = "bash"
}
container "plain" {
  image = "bash"
}
container "nothing" {
  for_each = toset([])
  image    = "bash"
  imag     = "x"
}
container "user" {
  image      = "bash"
  depends_on = [container.list, container.nothing]
}
