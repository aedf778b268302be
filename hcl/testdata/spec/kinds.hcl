network "ci" {}
volume "data" {}
container "c" {
  image    = network.ci
  networks = [volume.data]
  inside   = container.c2
  mount {
    source = network.ci
    target = "/x"
  }
}
container "c2" {
  image    = "bash"
  networks = network.ci
  inside   = "daemon.root"
  command  = "true"
  cpus     = "many"
}
