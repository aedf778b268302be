# Addresses inside a daemon, and those of the network that it is on.
network "ci" {
  ipam {
    config { subnet = "172.20.0.0/16" }
  }
}
daemon "bridge" {
  image    = "docker:28-dind"
  alias    = "bridge"
  networks = [network.ci]
  config   = { bip = "172.20.5.1/24" }
}
daemon "flag" {
  image    = "docker:28-dind"
  alias    = "flag"
  networks = [network.ci]
  flags    = ["--bip=172.20.5.1/24", "--default-address-pool", "base=172.16.0.0/12,size=24"]
}
daemon "pools" {
  image    = "docker:28-dind"
  alias    = "pools"
  networks = [network.ci]
  config   = { default-address-pools = [{ base = "10.50.0.0/16", size = 24 }, { base = "172.20.0.0/14", size = 24 }] }
}
network "inner" {
  inside = daemon.pools
  ipam {
    config { subnet = "172.20.7.0/24" }
  }
}
daemon "good" {
  image    = "docker:28-dind"
  alias    = "good"
  networks = [network.ci]
  config   = { bip = "10.9.0.1/24", default-address-pools = [{ base = "10.50.0.0/16", size = 24 }] }
}
