locals {
  a = local.b
  b = "${local.c}!"
  c = local.a
  d = local.d
  fine = 1
}
output "o" { value = [local.a, local.fine] }
