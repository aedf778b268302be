daemon "d" {
  image = "docker:dind"
}
job "fine" {
  inside  = daemon.d
  image   = "bash"
  timeout = "1m30s"
  retries = 2
  run     = "on_request"
}
job "wrong" {
  inside  = daemon.d
  image   = "bash"
  timeout = "90"
  retries = -1
  run     = "sometimes"
}
job "no_image" {
  inside = daemon.d
}
job "both" {
  inside     = daemon.d
  controller = controller.c
  image      = "bash"
}
controller "c" {
  image  = "cli"
  daemon = daemon.d
}
