network "ci" {}
daemon "d" {
  image    = "docker:dind"
  networks = [network.ci]
  mount {
    source = "/srv/a"
    target = "/repo"
  }
}
controller "c" {
  image    = "cli"
  daemon   = daemon.d
  networks = [network.ci]
  mount {
    source = "/srv/b"
    target = "/repo"
  }
}
job "same" {
  controller = controller.c
  image      = "bash"
  mount {
    source = "/repo"
    target = "/repo"
  }
}
job "daemon" {
  controller = controller.c
  image      = "bash"
  mount {
    source  = "/repo"
    target  = "/repo"
    resolve = "daemon"
  }
}
