locals {
  base  = { for n in ["a", "b"] : n => { port = strlen(n), on = n == "a" } }
  on    = { for k, v in local.base : k => v if v.on }
  names = [for c in container.web : c.name]
}
container "web" {
  for_each = local.on
  image    = "bash"
}
output "names" { value = local.names }
