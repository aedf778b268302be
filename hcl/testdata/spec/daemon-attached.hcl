# A network of networks may have an attach block too: it is joined once.
network "ci" {}

daemon "dind" {
  image    = "docker:28-dind"
  networks = [network.ci]

  attach {
    network = network.ci
    aliases = ["builds"]
  }
}

controller "control" {
  image    = "docker:28-cli"
  daemon   = daemon.dind
  networks = [network.ci]
}
