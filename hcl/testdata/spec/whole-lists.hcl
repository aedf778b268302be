network "n" {
  for_each = toset(["a", "b"])
}
network "c" {
  count = 2
}
network "one" {}
container "w" {
  image    = "bash"
  networks = [network.n, network.c[1], network.one]
}
container "all" {
  image    = "bash"
  networks = network
}
container "map" {
  image    = "bash"
  networks = network.n
}
