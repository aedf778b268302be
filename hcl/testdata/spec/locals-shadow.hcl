locals {
  a = "one"
}
locals {
  b = local.a
  c = local.missing
}
output "b" {
  value = local.b
}
