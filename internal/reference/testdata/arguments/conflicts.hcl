# Arguments that contradict each other.
network "n" {}

container "swap" {
  image           = "x"
  mem_limit       = "1g"
  memswap_limit   = "512m"
  mem_reservation = "2g"
  cpus            = 1
  cpu_quota       = 50000
}

container "swap-alone" {
  image         = "x"
  memswap_limit = "512m"
}

container "host" {
  image        = "x"
  network_mode = "host"
  networks     = [network.n]

  ports {
    target = 80
  }
}

container "sidecar" {
  image        = "x"
  network_mode = container.host
  hostname     = "own"
}

container "wrong" {
  image        = "x"
  network_mode = network.n
  pid          = daemon.root
}

container "silent" {
  image = "x"

  healthcheck {
    disable  = true
    interval = "5s"
  }

  gpus {
    count      = "2"
    device_ids = ["0"]
  }
}

container "a" {
  image = "x"

  ports {
    target    = 80
    published = 8080
  }

  ports {
    target    = 81
    published = 8080
  }

  ports {
    target    = 53
    published = 8080
    protocol  = "udp"
  }
}

container "b" {
  image = "x"

  ports {
    target    = 80
    published = 8080
    host_ip   = "127.0.0.1"
  }
}

daemon "inner" {
  image = "docker:28-dind"
}

container "inside" {
  image  = "x"
  inside = daemon.inner
  pid    = container.a

  ports {
    target    = 80
    published = 8080
  }
}

job "forever" {
  image   = "x"
  restart = "always"

  logging {
    driver = "syslog"
  }
}
