# act --bind: the workspace is a real bind at the path of the host.
daemon "host" {
  socket = "/var/run/docker.sock"
}

controller "runner" {
  daemon = daemon.host
  image  = "catthehacker/ubuntu"

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
