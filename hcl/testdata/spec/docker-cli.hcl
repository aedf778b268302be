# The host's CLI is bound into a controller of the root engine alone, and its place is taken.
daemon "dind" {
  image = "docker:28-dind"
}
controller "bound" {
  image      = "bash"
  daemon     = daemon.root
  docker_cli = true
}
controller "inside" {
  inside     = daemon.dind
  image      = "bash"
  daemon     = daemon.dind
  docker_cli = true
}
controller "taken" {
  image      = "bash"
  daemon     = daemon.root
  docker_cli = true
  mount {
    source = "./docker"
    target = "/usr/local/bin/docker"
  }
}
