# Woodpecker: the workspace volume is mounted at /woodpecker in steps and services.
daemon "dind" {
  image = "docker:27-dind"

  mount {
    source = volume.work
    target = "/woodpecker"
  }
}

controller "runner" {
  daemon = daemon.dind
  image  = "woodpeckerci/woodpecker-agent"

  mount {
    source = volume.work
    target = "/woodpecker"
  }
}

volume "work" {}

job "step" {
  controller = controller.runner
  image      = "alpine"

  mount {
    source = "/woodpecker/src/conf"
    target = "/mnt"
  }
}
