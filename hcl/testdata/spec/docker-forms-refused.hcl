container "a" {
  image       = "UPPER/Case:tag"
  name        = "a b/c"
  user        = "a:b:c"
  command     = ["a", null]
  environment = { "A=B" = "x", "" = "y", "a b" = "z", N = null }
  labels      = { "dev.dindctl.project" = "x", "" = "y" }
  extra_hosts = { a = "b", "c:d" = "10.0.0.1" }
  dns         = ["999.1.1.1", null, "fd00::1"]
  cpus        = 1e400
  ready {
    port    = 99999
    timeout = "x"
    log     = "["
    http {
      port   = 0
      status = 1000
    }
  }
  healthcheck { test = ["curl", "x"] }
  file {
    path    = "/x"
    content = ""
    owner   = "root"
  }
}
container "b" { image = "" }
container "c" { image = "x y" }
container "d" { image = "sha256:zz" }
container "e" { image = "docker.io/" }
container "f" { image = "localhost:5000/a/b@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" }
volume "a" { name = "a b/c" }
network "x" { name = "" }
image "i" { from = "q q" }
network "y" {
  ipam {
    config {
      subnet  = "10.0.0.0/99"
      gateway = "x"
    }
  }
}
daemon "a" {
  image            = "b"
  config           = "x"
  mtu              = -4
  registry_mirrors = ["nope nope"]
  address_pools    = [{ base = "x", size = 99 }]
  alias            = "a b"
}
