locals {
  a = 1
  b = local.a + 1
}
locals { c = [local.a, local.b] }
output "all" { value = local }
output "c" { value = local.c[1] }
