variable "own" { default = false }
daemon "host" { socket = "/run/docker.sock" }
daemon "dind" { image = "docker:dind" }
controller "c" {
  image  = "cli"
  daemon = var.own ? daemon.dind : daemon.host
}
job "j" {
  controller = controller.c
  image      = "bash"
  triggers   = { a = 1 }
}
