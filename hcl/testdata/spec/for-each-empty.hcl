container "web" {
  for_each = {}
  image    = "bash"
}
output "none" { value = container.web }
output "names" { value = [for c in container.web : c.name] }
