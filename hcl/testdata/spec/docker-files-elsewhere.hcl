volume "own" {}
volume "bound" {
  options = { type = "none", o = "bind,ro", device = "/srv/data" }
}
volume "theirs" {
  external = true
}
container "web" {
  image = "nginx"
  mount {
    source = "/srv/conf"
    target = "/etc/web"
  }
  mount {
    source = volume.own
    target = "/etc/web/own"
  }
  mount {
    source = volume.own
    target = "/sealed"
    read_only = true
  }
  mount {
    source = volume.theirs
    target = "/theirs"
  }
  mount {
    source = volume.bound
    target = "/bound"
  }
  mount {
    type   = "volume"
    source = "undeclared"
    target = "/undeclared"
  }
  mount {
    type   = "volume"
    target = "/anonymous"
  }
  dynamic "file" {
    for_each = ["/etc/web/a", "/theirs/b", "/bound/c", "/undeclared/d", "/sealed/e", "/etc/web/own/good", "/anonymous/good", "/etc/website"]
    content {
      path    = file.value
      content = "x"
    }
  }
}
daemon "dind" {
  image = "docker:28-dind"
  mtu   = 1400
  mount {
    source = "./etc"
    target = "/etc/docker"
  }
}
daemon "quiet" {
  image = "docker:28-dind"
  alias = "quiet"
  mount {
    source = "./etc"
    target = "/etc/docker"
  }
}
controller "ci" {
  image         = "docker:28-cli"
  daemon        = daemon.dind
  registry_auth = { "registry.example.com" = { username = "u", password = "p" } }
  environment   = { DOCKER_CONFIG = "/home/.docker/" }
  mount {
    source = "/home/ci"
    target = "/home"
  }
}
container "inside" {
  image  = "nginx"
  inside = daemon.dind
  mount {
    source = "/etc/docker"
    target = "/conf"
  }
  file {
    path    = "/conf/x"
    content = "x"
  }
}
