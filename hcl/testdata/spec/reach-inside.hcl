daemon "outer" { image = "docker:dind" }
daemon "inner" {
  inside = daemon.outer
  image  = "docker:dind"
  tls    = false
}
controller "lives_in_it" {
  inside = daemon.outer
  image  = "cli"
  daemon = daemon.outer
}
controller "plain" {
  image  = "cli"
  daemon = daemon.root
}
job "deep" {
  inside = daemon.inner
  image  = "bash"
}
job "by" {
  controller = controller.lives_in_it
  image      = "bash"
}
