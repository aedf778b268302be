# LocalStack: a path below /var/lib/localstack, which is a volume.
daemon "host" {
  socket = "/var/run/docker.sock"
}

controller "runner" {
  daemon = daemon.host
  image  = "localstack/localstack"

  mount {
    source = volume.work
    target = "/var/lib/localstack"
  }
}

volume "work" {}

job "step" {
  controller = controller.runner
  image      = "alpine"

  mount {
    source = "/var/lib/localstack/tmp"
    target = "/mnt"
  }
}
