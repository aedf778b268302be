container "c" {
  image      = "bash"
  depends_on = [network.n, module.nothing, "text", local.x, upper("a")]
}
container "d" {
  image      = "bash"
  depends_on = container.c
}
