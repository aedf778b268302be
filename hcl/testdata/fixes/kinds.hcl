# One mount of each kind that is an error, or a warning with a fix.
volume "data" {}

daemon "dind" {
  image = "docker:27-dind"

  mount {
    source = "/srv/one"
    target = "/one"
  }
  mount {
    source = "/srv/two"
    target = "/two"
  }
  mount {
    source = "/srv/late"
    target = "/tmp/late"
  }
}

controller "c" {
  daemon = daemon.dind
  image  = "alpine"

  mount {
    source = "/srv/one"
    target = "/one"
  }
  mount {
    source = "/srv/other"
    target = "/two"
  }
  mount {
    source = volume.data
    target = "/data"
  }
  mount {
    source = "/srv/late"
    target = "/tmp/late"
  }
  mount {
    source = "/srv/below"
    target = "/one/below"
  }
}

job "aliased" {
  controller = controller.c
  image      = "alpine"
  mount {
    source = "/two/x"
    target = "/x"
  }
}

job "hidden" {
  controller = controller.c
  image      = "alpine"
  mount {
    source = "/data/x"
    target = "/x"
  }
}

job "nowhere" {
  controller = controller.c
  image      = "alpine"
  mount {
    source = "/nowhere"
    target = "/x"
  }
}

job "partial" {
  controller = controller.c
  image      = "alpine"
  mount {
    source = "/one"
    target = "/x"
  }
}

job "shadowed" {
  controller = controller.c
  image      = "alpine"
  mount {
    source = "/tmp/late"
    target = "/x"
  }
}

job "volume" {
  controller = controller.c
  image      = "alpine"
  mount {
    type   = "volume"
    source = "cache"
    target = "/x"
  }
}
