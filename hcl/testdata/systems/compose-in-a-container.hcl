# Compose in a container: -v $PWD:$PWD -w $PWD.
daemon "host" {
  socket = "/var/run/docker.sock"
}

controller "runner" {
  daemon = daemon.host
  image  = "docker/compose"

  mount {
    source = "/home/dev/project"
    target = "/home/dev/project"
  }
}

job "step" {
  controller = controller.runner
  image      = "alpine"

  mount {
    source = "/home/dev/project/conf"
    target = "/mnt"
  }
}
