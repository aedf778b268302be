network "plain" {}
network "named" {
  name   = "other"
  driver = "bridge"
}
network "theirs" {
  external = true
  name     = "company"
}
container "c" {
  image    = "bash"
  networks = [network.plain, network.named, network.theirs]
}
container "none" {
  image    = "bash"
  networks = []
}
