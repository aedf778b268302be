volume "cache" {}
daemon "dind" {
  image = "docker:28-dind"
  mount {
    source = "."
    target = "/relative"
  }
  mount {
    source = "./part"
    target = "/part"
  }
  mount {
    source = "../outside"
    target = "/outside"
  }
  mount {
    source = "/memory/x"
    target = "/memory"
  }
  mount {
    source = "/srv/same"
    target = "/same"
  }
  mount {
    source = "/host/only"
    target = "/host"
  }
  mount {
    source = volume.cache
    target = "/cache"
  }
}
