daemon "b" {
  image   = "docker:28-dind"
  enabled = false
}
volume "v" {
  enabled = false
}
container "d" {
  image  = "bash"
  inside = daemon.b
}
container "e" {
  image  = "bash"
  inside = true ? null : daemon.b
}
daemon "f" {
  image = "docker:28-dind"
  data  = volume.v
}
