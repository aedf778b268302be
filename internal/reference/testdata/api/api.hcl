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
