daemon "dind" {
  image = "docker:28-dind"
  mount {
    source = "/srv/work"
    target = "/tmp/work"
  }
}
daemon "own" {
  image        = "mine:latest"
  entry_mounts = ["/repo"]
  alias        = "own"
  mount {
    source = "/srv/work"
    target = "/repo/x"
  }
}
job "a" {
  inside = daemon.dind
  image  = "bash"
  mount {
    source = "/tmp/work"
    target = "/x"
  }
}
job "b" {
  inside = daemon.own
  image  = "bash"
  mount {
    source = "/repo/x"
    target = "/x"
  }
}
