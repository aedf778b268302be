# GitLab Runner with the host's socket: /builds is a path of the job's container.
daemon "host" {
  socket = "/var/run/docker.sock"
}

controller "runner" {
  daemon = daemon.host
  image  = "gitlab/gitlab-runner"

  mount {
    source = "/srv/builds"
    target = "/builds"
  }
}

job "step" {
  controller = controller.runner
  image      = "alpine"

  mount {
    source = "/builds/group/project"
    target = "/mnt"
  }
}
