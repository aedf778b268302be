daemon "host" {
  socket = "/var/run/docker.sock"
}
controller "c" {
  image  = "cli"
  daemon = daemon.host
  mount {
    source = "/srv/work"
    target = "/repo"
  }
}
job "fine" {
  controller = controller.c
  image      = "bash"
  mount {
    source  = "/repo/sub"
    target  = "/repo"
    resolve = "translate"
  }
}
job "none" {
  controller = controller.c
  image      = "bash"
  mount {
    source  = "/elsewhere"
    target  = "/x"
    resolve = "translate"
  }
}
