daemon "dind" {
  image = "docker:28-dind"
}

container "outer" {
  image = "bash"
}

container "inner" {
  image        = "bash"
  inside       = daemon.dind
  volumes_from = [container.outer]
}

container "socket" {
  image        = "bash"
  volumes_from = [daemon.host]
}

daemon "host" {
  socket = "/var/run/docker.sock"
}

container "text" {
  image        = "bash"
  volumes_from = ["outer"]
}

container "egg" {
  image        = "bash"
  volumes_from = [container.hen]
}

container "hen" {
  image        = "bash"
  volumes_from = [container.egg]
}

container "memory" {
  image = "bash"

  mount {
    type   = "tmpfs"
    target = "/scratch"
  }
}

container "taker" {
  image        = "bash"
  volumes_from = [container.memory]
}
