daemon "host" {
  socket = "/var/run/docker.sock"
}

controller "control" {
  image  = "docker:28-cli"
  daemon = daemon.host
  mount {
    source    = "./work"
    target    = "/repo"
    read_only = true
  }
}

job "list" {
  controller = controller.control
  image      = "bash"
  command    = ["ls", "-al", "/repo"]
  mount {
    source  = "/repo/x"
    resolve = "translate"
    target  = "/repo"
  }
}
