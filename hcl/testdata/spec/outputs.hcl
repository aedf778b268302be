network "n" {}
output "plain" {
  value       = network.n.name
  description = "The name."
}
output "later" { value = network.n.id }
output "object" { value = { a = [1, "x", true, null], b = network.n } }
output "sensitive" {
  value     = sensitive("x")
  sensitive = true
}
