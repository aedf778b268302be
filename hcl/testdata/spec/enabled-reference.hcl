variable "guarded" { default = false }
daemon "a" {
  image = "docker:28-dind"
}
daemon "b" {
  image   = "docker:28-dind"
  enabled = var.guarded
  alias   = "b"
}
controller "c" {
  image  = "cli"
  daemon = var.guarded ? daemon.b : daemon.a
}
output "b" { value = daemon.b }
