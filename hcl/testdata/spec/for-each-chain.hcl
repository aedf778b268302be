network "n" {
  for_each = toset(["a", "b"])
}
container "c" {
  for_each = network.n
  image    = "bash"
  networks = [each.value]
}
container "d" {
  for_each   = container.c
  image      = "bash"
  networks   = [network.n[each.key]]
  depends_on = [container.c]
}
