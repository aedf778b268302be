# GitHub's runner in a container: its table from _work to /__w knows nothing of the host.
daemon "host" {
  socket = "/var/run/docker.sock"
}

controller "runner" {
  daemon = daemon.host
  image  = "ghcr.io/actions/actions-runner"

  mount {
    source = "/srv/runner/_work"
    target = "/__w"
  }
}

job "step" {
  controller = controller.runner
  image      = "alpine"

  mount {
    source = "/__w/repo/repo"
    target = "/mnt"
  }
}
