network "ci" {}
daemon "d" {
  image    = "docker:dind"
  networks = [network.ci]
}
locals {
  chosen = true ? daemon.d : daemon.root
  both   = { a = daemon.d, b = daemon.root }
}
controller "c" {
  image    = "cli"
  daemon   = local.chosen
  networks = [for n in [network.ci] : n]
}
output "names" {
  value = [local.chosen.name, local.both["b"].address, daemon.d.endpoint, controller.c.kind]
}
