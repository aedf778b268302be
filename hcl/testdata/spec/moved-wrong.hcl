network "net" {}
network "other" {}
container "web" { image = "bash" }
moved {
  from = network.net
  to   = network.other
}
moved {
  from = network.a
  to   = container.web
}
moved {
  from = network.b
  to   = network.b
}
moved {
  from = network.c
  to   = network.nett
}
moved {
  from = container.x
  to   = container.y
}
moved {
  from = container.y
  to   = container.x
}
moved {
  from = network.d
  to   = network.net
}
moved {
  from = network.d
  to   = network.other
}
moved {
  from = network.e
  to   = network.other
}
moved {
  from = local.x
  to   = "network.net"
}
moved {
  from = network
  to   = module.x.y.z
}
moved {
  from = network.f
}
