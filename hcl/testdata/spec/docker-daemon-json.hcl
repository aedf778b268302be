daemon "d" {
  image  = "docker:28-dind"
  mtu    = 1400
  config = { mtu = 1500 }
}
