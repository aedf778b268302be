daemon "both" {
  image  = "docker:dind"
  socket = "/var/run/docker.sock"
}
daemon "none" {}
daemon "relative" {
  socket = "docker.sock"
}
daemon "socket" {
  socket = "/var/run/docker.sock"
  alias  = "x"
}
