network "a" {}
network "b" {}
daemon "d" {
  image    = "docker:dind"
  networks = [network.a]
}
daemon "far" { endpoint = "tcp://far:2376" }
controller "apart" {
  image    = "cli"
  daemon   = daemon.d
  networks = [network.b]
}
controller "alone" {
  image  = "cli"
  daemon = daemon.d
}
controller "far" {
  image  = "cli"
  daemon = daemon.far
}
controller "inner_root" {
  inside = daemon.d
  image  = "cli"
  daemon = daemon.root
}
job "far" {
  controller = controller.far
  image      = "bash"
}
