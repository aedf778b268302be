# Testcontainers: -v $PWD:$PWD -w $PWD.
daemon "host" {
  socket = "/var/run/docker.sock"
}

controller "runner" {
  daemon = daemon.host
  image  = "maven"

  mount {
    source = "/home/dev/project"
    target = "/home/dev/project"
  }
}

job "step" {
  controller = controller.runner
  image      = "alpine"

  mount {
    source = "/home/dev/project/src/test/resources"
    target = "/mnt"
  }
}
