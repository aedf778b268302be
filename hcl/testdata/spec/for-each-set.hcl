container "web" {
  for_each    = toset(["b", "a"])
  image       = "bash"
  environment = { KEY = each.key, VALUE = each.value }
}
output "names" { value = [for k, c in container.web : "${k}=${c.name}"] }
output "one" { value = container.web["a"].address }
