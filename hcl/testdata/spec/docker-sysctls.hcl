# eth0 is the interface in the first network; each other network's has its own parameters.
network "ours" {}
network "theirs" {}
container "said-twice" {
  image    = "nginx"
  networks = [network.ours]
  sysctls  = { "net.ipv4.conf.eth0.forwarding" = 1, "net.ipv4.ip_forward" = 1 }
  attach {
    network = network.theirs
    sysctls = { "net.ipv4.conf.IFNAME.forwarding" = 0 }
  }
  attach {
    network = network.ours
    sysctls = { "net.ipv4.conf.IFNAME.forwarding" = 0, "net.ipv4.conf.IFNAME.arp_filter" = 1 }
  }
}
container "each-its-own" {
  image   = "nginx"
  sysctls = { "net.ipv4.conf.eth0.forwarding" = 1 }
  attach {
    network = network.theirs
    sysctls = { "net.ipv4.conf.IFNAME.arp_filter" = 1 }
  }
  attach {
    network = network.ours
    sysctls = { "net.ipv4.conf.IFNAME.forwarding" = 0 }
  }
}
