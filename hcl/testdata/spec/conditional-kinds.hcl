variable "c" { default = true }
network "n" {}
volume "v" {}
container "a" {
  image    = "bash"
  networks = var.c ? [network.n] : []
  mount {
    source = var.c ? volume.v : null
    target = "/v"
  }
}
container "b" {
  image    = "bash"
  networks = [var.c ? volume.v : network.n]
}
