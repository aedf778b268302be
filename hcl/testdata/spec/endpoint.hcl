# Engines elsewhere: what is no way to one is refused.
daemon "socket" {
  endpoint = "unix:///run/other.sock"
}

daemon "bare" {
  endpoint = "build.example.com"
}

daemon "keys" {
  endpoint     = "ssh://me@build.example.com"
  certificates = "./certificates"
}

daemon "own" {
  image        = "docker:28-dind"
  certificates = "./certificates"
}

daemon "far" {
  endpoint     = "tcp://build.example.com:2376"
  certificates = "./certificates"
}

controller "here" {
  image  = "docker:28-cli"
  daemon = daemon.far
}

controller "inner" {
  inside = daemon.own
  image  = "docker:28-cli"
  daemon = daemon.far
}

job "there" {
  controller = controller.here
  image      = "bash"

  mount {
    source = "/srv"
    target = "/srv"
  }
}
