daemon "d" {
  enabled = false
  image   = "docker:28-dind"
}
controller "c" {
  image  = "cli"
  daemon = daemon.d
}
container "w" {
  image       = "bash"
  environment = { E = daemon.d.name }
}
container "t" {
  enabled = "perhaps"
  image   = "bash"
}
container "n" {
  enabled = null
  image   = "bash"
}
container "u" {
  enabled = container.w.id == "x"
  image   = "bash"
}
output "o" { value = daemon.d.endpoint }
