# Actions Runner Controller, dind mode: runner and dind share the work directory.
daemon "dind" {
  image = "docker:27-dind"

  mount {
    source = volume.work
    target = "/home/runner/_work"
  }
}

controller "runner" {
  daemon = daemon.dind
  image  = "ghcr.io/actions/actions-runner"

  mount {
    source = volume.work
    target = "/home/runner/_work"
  }
}

volume "work" {}

job "step" {
  controller = controller.runner
  image      = "alpine"

  mount {
    source = "/home/runner/_work/repo/repo"
    target = "/mnt"
  }
}
