daemon "dind" {
  image  = "docker:28-dind"
  config = { "max-concurrent-downloads" = 3 }

  mount {
    source = "."
    target = "/repo"
  }
}

container "inner" {
  inside = daemon.dind
  image  = "nginx"
}

daemon "host" {
  socket = "/var/run/docker.sock"
}
