volume "shared" {}
daemon "a" {
  image = "docker:dind"
  data  = volume.shared
}
daemon "b" {
  image = "docker:dind"
  data  = volume.shared
}
daemon "c" {
  image  = "docker:dind"
  socket = "/var/run/docker.sock"
}
daemon "e" { alias = "e" }
daemon "f" {
  socket = "docker.sock"
  user   = "x"
}
guard "g" { image = "x" }
job "j" {
  image   = "x"
  inside  = daemon.a
  controller = controller.k
  timeout = "10"
  retries = -1
  run     = "always"
}
controller "k" {
  image  = "x"
  daemon = daemon.a
}
container "no_image" {}
image "both" {
  from = "x"
  build { context = "context" }
}
image "neither" {}
controller "no_daemon" { image = "x" }
