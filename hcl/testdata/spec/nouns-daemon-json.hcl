daemon "dind" {
  image         = "docker:28-dind"
  config        = { mtu = 1400, debug = true }
  mtu           = 1450
}
image "tool" {
  build {
    dockerfile        = "Dockerfile"
    dockerfile_inline = "FROM scratch"
    labels            = { "dev.dindctl.project" = "x" }
  }
}
image "nothing" {
  build {}
}
