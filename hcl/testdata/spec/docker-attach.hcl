network "ci" {
  ipam {
    config {
      subnet = "10.50.0.0/24"
    }
  }
}
network "plain" {}
container "twice" {
  image = "nginx"
  attach {
    network = network.ci
  }
  attach {
    network = network.ci
  }
}
container "outside" {
  image = "nginx"
  attach {
    network = network.ci
    ipv4    = "10.60.0.5"
  }
}
container "none" {
  image = "nginx"
  attach {
    network = network.plain
    ipv4    = "10.60.0.5"
  }
}
