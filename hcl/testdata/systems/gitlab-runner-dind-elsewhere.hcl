# GitLab Runner with the dind service: a path outside of /builds is the service's own.
daemon "dind" {
  image = "docker:27-dind"

  mount {
    source = volume.work
    target = "/builds"
  }
}

controller "runner" {
  daemon = daemon.dind
  image  = "gitlab/gitlab-runner"

  mount {
    source = volume.work
    target = "/builds"
  }
}

volume "work" {}

job "step" {
  controller = controller.runner
  image      = "alpine"

  mount {
    source = "/etc/app"
    target = "/mnt"
  }
}
