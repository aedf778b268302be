network "six" {
  enable_ipv4 = false
  enable_ipv6 = true
  ipam {
    config { subnet = "fd00:50::/64" }
  }
}
network "both" {
  enable_ipv4 = false
  enable_ipv6 = true
  ipam {
    config { subnet = "fd00:51::/64" }
    config {
      subnet = "10.51.0.0/24"
    }
  }
}
network "four" {
  enable_ipv6 = false
  ipam {
    config { subnet = "fd00:52::/64" }
  }
}
network "bare" {
  enable_ipv4 = false
  enable_ipv6 = true
}
container "web" {
  image = "nginx"
  attach {
    network = network.bare
    ipv4    = "10.53.0.5"
  }
}
