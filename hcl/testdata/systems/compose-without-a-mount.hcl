# Compose in a container that has only the socket and a copy of the files.
daemon "host" {
  socket = "/var/run/docker.sock"
}

controller "runner" {
  daemon = daemon.host
  image  = "docker/compose"

  mount {
    source = "/home/dev/other"
    target = "/other"
  }
}

job "step" {
  controller = controller.runner
  image      = "alpine"

  mount {
    source = "/app/conf"
    target = "/mnt"
  }
}
