# Overleaf's sandboxed compiles: the directory of compiles has another path on the host.
daemon "host" {
  socket = "/var/run/docker.sock"
}

controller "runner" {
  daemon = daemon.host
  image  = "sharelatex/sharelatex"

  mount {
    source = "/srv/overleaf/compiles"
    target = "/var/lib/overleaf/data/compiles"
  }
}

job "step" {
  controller = controller.runner
  image      = "alpine"

  mount {
    source = "/var/lib/overleaf/data/compiles/1"
    target = "/mnt"
  }
}
