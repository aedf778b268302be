# Portainer: relative paths of a stack lie in its own data volume.
daemon "host" {
  socket = "/var/run/docker.sock"
}

controller "runner" {
  daemon = daemon.host
  image  = "portainer/portainer-ce"

  mount {
    source = volume.work
    target = "/data"
  }
}

volume "work" {}

job "step" {
  controller = controller.runner
  image      = "alpine"

  mount {
    source = "/data/compose/1/conf"
    target = "/mnt"
  }
}
