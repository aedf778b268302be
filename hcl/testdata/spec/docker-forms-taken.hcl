# What is unusual and right is taken.
container "a" {
  image       = "localhost:5000/a__b/c-d@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  user        = ":100"
  environment = { "a b" = "z", N = null, "a.b-c" = "" }
  labels      = { "com.example/x=y" = "" }
  extra_hosts = { "a.b" = "host-gateway", c = "::1" }
  dns         = ["fe80::1%eth0", "0.0.0.0"]
  command     = []
  healthcheck { test = ["NONE"] }
  ready {
    log     = "(?i)ready \\[[0-9]+\\]"
    timeout = 90
  }
}
container "b" { image = "REGISTRY.example.com/app:V1" }
container "c" { image = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" }
container "e" { image = "[::1]:5000/app" }
network "n" {
  name     = "of somebody else's"
  external = true
}
daemon "d" {
  image               = "dindctl.local/dind"
  mtu                 = 1400
  config              = { debug = true }
  address_pools       = [{ base = "10.50.0.0/16", size = 24 }, { base = "fd00::/16", size = 64 }]
  registry_mirrors    = ["http://mirror:5000", "https://mirror.example.com/"]
  insecure_registries = ["10.0.0.0/8", "registry:5000"]
}
