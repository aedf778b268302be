# Drone: the workspace volume is added to every step and service.
daemon "dind" {
  image = "docker:27-dind"

  mount {
    source = volume.work
    target = "/drone/src"
  }
}

controller "runner" {
  daemon = daemon.dind
  image  = "drone/drone-runner-docker"

  mount {
    source = volume.work
    target = "/drone/src"
  }
}

volume "work" {}

job "step" {
  controller = controller.runner
  image      = "alpine"

  mount {
    source = "/drone/src/fixtures"
    target = "/mnt"
  }
}
