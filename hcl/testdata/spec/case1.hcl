daemon "dind" {
  image = "docker:28-dind"

  mount {
    source = "."
    target = "/repo"
  }
}

job "list" {
  inside  = daemon.dind
  image   = "bash"
  command = ["ls", "-al", "/repo"]

  mount {
    source = "/repo"
    target = "/repo"
  }
}

job "outer" {
  image = "bash"
  mount {
    source = "./sub"
    target = "/here"
  }
}
