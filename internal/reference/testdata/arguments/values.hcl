# Values that an engine would refuse, or worse, take for something else.
network "n" {}

variable "secret" {
  type      = string
  default   = "a lot"
  sensitive = true
}

container "sizes" {
  image             = "x"
  mem_limit         = "lots"
  shm_size          = var.secret
  restart           = "sometimes"
  stop_grace_period = "soon"
  oom_score_adj     = 1001
  mem_swappiness    = 50.5
  cpu_shares        = 1
  cpuset            = "one"
  cap_add           = ["NET_ADMIN", "NET_ADMlN"]
  cgroup            = "privat"
  hostname          = "a b"
  mac_address       = "02:42"
  dns               = ["dns.example"]
  extra_hosts       = { db = "nowhere at all" }
  expose            = ["http"]
  security_opt      = ["seccomp=profile.json"]
  tmpfs             = ["run"]

  ulimits = {
    nofile = -2
    nofiel = 1
    nproc  = { soft = 20, hard = 10 }
    core   = { low = 1 }
    memlock = -1
  }

  ports {
    target = 0
  }

  ports {
    target    = 80
    published = 70000
    protocol  = "tpc"
  }

  devices {
    source      = "fuse"
    permissions = "x"
  }

  gpus {
    count = "some"
  }

  blkio_config {
    weight = 5

    device_read_bps {
      path = "sda"
      rate = "fast"
    }
  }

  healthcheck {
    test     = ["CMD", "true"]
    interval = "often"
    retries  = 0
  }

  logging {
    options = { max-size = "10m" }
  }
}

container "fine" {
  image             = "x"
  mem_limit         = "1.5gb"
  memswap_limit     = -1
  restart           = "on-failure:3"
  stop_grace_period = 90
  group_add         = [999]
  ipc               = container.sizes
  extra_hosts       = { host = "host-gateway" }
  security_opt      = ["no-new-privileges", "label=disable", "seccomp=${jsonencode({ defaultAction = "SCMP_ACT_ALLOW" })}"]
}

container "attached" {
  image = "x"

  attach {
    network = network.n
    sysctls = { "net.ipv4.conf.eth0.forwarding" = 1, "net.ipv6.conf.IFNAME.accept_ra" = "1,2", "net.ipv6.neigh.IFNAME.base_reachable_time" = 30 }
  }
}
