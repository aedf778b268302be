volume "data" {}
daemon "d" {
  image = "docker:dind"
  mount {
    source = "../up//x/"
    target = "/a/"
  }
  mount {
    source = volume.data
    target = "/b"
    subpath = "x"
  }
  mount {
    type   = "tmpfs"
    target = "/c"
  }
  mount {
    type   = "volume"
    target = "/anonymous"
  }
  mount {
    type   = "volume"
    source = "there-already"
    target = "/named"
  }
}
container "inner" {
  inside = daemon.d
  image  = "bash"
  mount {
    source  = "/a/b"
    target  = "/x"
    resolve = "daemon"
  }
  mount {
    source        = "/new"
    target        = "/y"
    create_source = true
  }
}
