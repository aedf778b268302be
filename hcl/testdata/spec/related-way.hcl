# Which daemon does a controller really call?
daemon "host" {
  socket = "/var/run/docker.sock"
}
daemon "a" {
  image = "docker:28-dind"
  alias = "a"
}
daemon "b" {
  image = "docker:28-dind"
  alias = "b"
}
controller "both" {
  image  = "docker:28-cli"
  daemon = daemon.a
  mount {
    source = "/var/run/docker.sock"
    target = "/run/docker.sock"
  }
}
controller "socket_wins" {
  image       = "docker:28-cli"
  daemon      = daemon.a
  environment = { DOCKER_HOST = "unix:///mnt/docker.sock" }
  mount {
    source = "/var/run/docker.sock"
    target = "/mnt/docker.sock"
  }
}
controller "empty" {
  image       = "docker:28-cli"
  daemon      = daemon.a
  environment = { DOCKER_HOST = "" }
}
controller "other" {
  image       = "docker:28-cli"
  daemon      = daemon.a
  environment = { DOCKER_HOST = "tcp://b:2376" }
}
controller "unknown" {
  image       = "docker:28-cli"
  daemon      = daemon.a
  environment = { DOCKER_HOST = "tcp://build.example.com:2376" }
}
controller "over_socket" {
  image       = "docker:28-cli"
  daemon      = daemon.host
  environment = { DOCKER_HOST = "tcp://b:2376" }
}
controller "context" {
  image       = "docker:28-cli"
  daemon      = daemon.host
  environment = { DOCKER_CONTEXT = "remote" }
}
controller "good" {
  image       = "docker:28-cli"
  daemon      = daemon.host
  environment = { DOCKER_HOST = "unix:///var/run/docker.sock" }
}
controller "good_too" {
  image       = "docker:28-cli"
  daemon      = daemon.a
  environment = { DOCKER_CONTEXT = "remote" }
}
