daemon "d" {
  image = "docker:dind-rootless"
  mount {
    source = "/srv"
    target = "/run/work"
  }
}
job "j" {
  inside = daemon.d
  image  = "bash"
  mount {
    source = "/run/work"
    target = "/work"
  }
}
