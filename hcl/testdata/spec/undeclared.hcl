container "c" {
  image    = var.imgae
  networks = [network.ci]
  user     = local.usr
  command  = [daemon.d.endpoint, module.m.x]
}
variable "image" {
  default = "bash"
}
locals {
  user = "root"
}
