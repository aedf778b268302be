# Kestra: worker and dind share /tmp/kestra-wd, and dind's entrypoint mounts a tmpfs over /tmp.
daemon "dind" {
  image = "docker:27-dind"

  mount {
    source = volume.work
    target = "/tmp/kestra-wd"
  }
}

controller "runner" {
  daemon = daemon.dind
  image  = "kestra/kestra"

  mount {
    source = volume.work
    target = "/tmp/kestra-wd"
  }
}

volume "work" {}

job "step" {
  controller = controller.runner
  image      = "alpine"

  mount {
    source = "/tmp/kestra-wd/run"
    target = "/mnt"
  }
}
