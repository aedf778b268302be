# Gitea's act_runner in a container with the host's socket.
daemon "host" {
  socket = "/var/run/docker.sock"
}

controller "runner" {
  daemon = daemon.host
  image  = "gitea/act_runner"

  mount {
    source = "/srv/gitea/cache"
    target = "/root/.cache"
  }
}

job "step" {
  controller = controller.runner
  image      = "alpine"

  mount {
    source = "/root/.cache/act/conf"
    target = "/mnt"
  }
}
