daemon "new" {
  image = "docker:28-dind"
}

daemon "unknown" {
  alias = "unknown"
  image = "docker:28-dind"
}

container "old" {
  image       = "x"
  annotations = { a = "b" }
}

container "checked" {
  image = "x"

  healthcheck {
    test           = ["CMD", "true"]
    start_interval = "1s"
  }
}

container "inside" {
  image       = "x"
  inside      = daemon.new
  annotations = { a = "b" }
}

container "later" {
  image       = "x"
  inside      = daemon.unknown
  annotations = { a = "b" }
}

network "n" {}

container "attached" {
  image = "x"

  attach {
    network = network.n
    sysctls = { "net.ipv4.conf.IFNAME.forwarding" = 1 }
  }
}

container "several" {
  image    = "x"
  networks = [network.n, network.m]

  attach {
    network = network.n
    mac     = "02:00:00:00:00:01"
  }
}

network "m" {}

container "alone" {
  image = "x"

  attach {
    network = network.n
    mac     = "02:00:00:00:00:01"
  }
}

volume "v" {}

daemon "parts" {
  alias = "parts"
  image = "docker:28-dind"

  mount {
    source = "/etc"
    target = "/host/etc"
  }
  mount {
    source  = volume.v
    target  = "/part"
    subpath = "part"
  }
}

container "card" {
  image = "x"

  devices {
    source = "/dev/null"
  }
  devices {
    source = "vendor.com/device=card"
  }
}

container "sized" {
  image       = "x"
  inside      = daemon.new
  storage_opt = { size = "1G" }
}

container "unsized" {
  image       = "x"
  inside      = daemon.new
  storage_opt = {}
}
