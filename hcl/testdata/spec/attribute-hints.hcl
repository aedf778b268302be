network "m" { count = 2 }
locals {
  o = { name = "x", size = 1 }
  a = [for n in network.m : n.nam]
  b = local.o.nme
  c = { x = local.o }
  d = local.c.x.siz
  e = [local.o][0].sze
  f = { secret = sensitive("a") }
  g = local.f.secrt
}
output "z" { value = [local.a, local.b, local.d, local.e, local.g] }
