network "ci" {}
daemon "d" {
  image    = "docker:dind"
  networks = [network.ci]
  mount {
    source = "/srv"
    target = "/repo"
  }
}
controller "c" {
  image    = "cli"
  daemon   = daemon.d
  networks = [network.ci]
  mount {
    source = "/srv"
    target = "/repo"
  }
  mount {
    source = "/other"
    target = "/repo/cache"
  }
}
job "j" {
  controller = controller.c
  image      = "bash"
  mount {
    source = "/repo"
    target = "/repo"
  }
}
