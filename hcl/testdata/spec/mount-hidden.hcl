network "ci" {}
daemon "dind" {
  image    = "docker:28-dind"
  networks = [network.ci]
  mount {
    source = "/srv/work"
    target = "/repo"
  }
}
controller "control" {
  image    = "docker:28-cli"
  daemon   = daemon.dind
  networks = [network.ci]
  mount {
    source = "/srv/data"
    target = "/data"
  }
}
job "list" {
  controller = controller.control
  image      = "bash"
  mount {
    source = "/data"
    target = "/data"
  }
  mount {
    source = volume.outer
    target = "/volume"
  }
}
volume "outer" {}
