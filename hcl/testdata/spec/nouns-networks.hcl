network "ours" {
  ipam {
    config {
      subnet = "10.20.0.0/24"
    }
  }
}
network "theirs" {}
container "web" {
  image = "nginx"
  attach {
    network = network.ours
    ipv4    = "10.21.0.5"
    mac     = "02-42"
  }
  attach {
    network = network.ours
    ipv6    = "10.20.0.5"
  }
  attach {
    network = network.theirs
    ipv4    = "10.22.0.5"
  }
}
