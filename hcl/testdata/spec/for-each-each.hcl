container "plain" {
  image       = "bash"
  environment = { A = each.key, B = count.index }
}
container "set" {
  for_each    = toset(["a"])
  image       = "bash"
  environment = { A = each.kye, B = count.index, C = each.key }
}
container "list" {
  count       = 1
  image       = "bash"
  environment = { A = each.key, B = count.index, C = count.number }
}
locals { x = each.key }
