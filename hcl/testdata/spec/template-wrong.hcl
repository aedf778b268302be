locals {
  list = ["a"]
}
output "list" {
  value = "is ${local.list}"
}
output "open" {
  value = "is ${1"
}
