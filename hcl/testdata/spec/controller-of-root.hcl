controller "c" {
  image  = "cli"
  daemon = daemon.root
}
job "j" {
  controller = controller.c
  image      = "bash"
}
