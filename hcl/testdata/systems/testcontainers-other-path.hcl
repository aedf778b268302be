# Testcontainers with the project at another path.
daemon "host" {
  socket = "/var/run/docker.sock"
}

controller "runner" {
  daemon = daemon.host
  image  = "maven"

  mount {
    source = "/home/dev/project"
    target = "/project"
  }
}

job "step" {
  controller = controller.runner
  image      = "alpine"

  mount {
    source = "/project/src/test/resources"
    target = "/mnt"
  }
}
