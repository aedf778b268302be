locals { it = { a = "x", b = 2 } }
container "c" {
  for_each    = local.it
  image       = "bash"
  environment = { V = each.value }
}
