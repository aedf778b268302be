# A label is a name on a network, too.
network "ci" {}
network "apart" {}
daemon "a" {
  image    = "docker:28-dind"
  networks = [network.ci]
}
daemon "b" {
  image    = "docker:28-dind"
  networks = [network.ci]
  alias    = "a"
}
container "docker" {
  image    = "nginx"
  networks = [network.ci]
}
daemon "c" {
  image    = "docker:28-dind"
  networks = [network.apart]
}
