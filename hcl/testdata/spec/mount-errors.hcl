volume "data" {}
daemon "d" { image = "docker:dind" }
container "c" {
  image = "bash"
  mount {
    source = "data"
    target = "/a"
  }
  mount {
    source = "~/x"
    target = "b"
  }
  mount {
    source = "~/x"
    target = "/b2"
  }
  mount {
    target = "/c"
  }
  mount {
    source = "./x"
    target = "/d"
    type   = "bnd"
  }
  mount {
    source  = volume.data
    target  = "/e"
    type    = "bind"
  }
  mount {
    source  = "./x"
    target  = "/f"
    subpath = "y"
  }
  mount {
    source  = "./x"
    target  = "/g"
    resolve = "translate"
  }
  mount {
    source = "./x"
    target = "/h"
  }
  mount {
    source = "./y"
    target = "/h/"
  }
  mount {
    type   = "tmpfs"
    source = "./y"
    target = "/i"
  }
  mount {
    source = ""
    target = "/j"
  }
}
job "j" {
  inside = daemon.d
  image  = "bash"
  mount {
    source = "./relative"
    target = "/a"
  }
  mount {
    source = "data"
    target = "/b"
  }
}
