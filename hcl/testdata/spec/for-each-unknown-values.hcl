network "n" {}
container "c" {
  for_each    = { a = network.n.id, b = "x" }
  image       = "bash"
  environment = { ID = each.value }
}
