# act: the workspace is a named volume, filled by a copy.
daemon "host" {
  socket = "/var/run/docker.sock"
}

controller "runner" {
  daemon = daemon.host
  image  = "catthehacker/ubuntu"

  mount {
    source = volume.work
    target = "/github/workspace"
  }
}

volume "work" {}

job "step" {
  controller = controller.runner
  image      = "alpine"

  mount {
    source = "/github/workspace/conf"
    target = "/mnt"
  }
}
