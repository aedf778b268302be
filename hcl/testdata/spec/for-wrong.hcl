locals {
  none = null
}
output "number" {
  value = [for x in 3 : x]
}
output "null" {
  value = [for x in local.none : x]
}
output "twice" {
  value = { for x in ["a", "a"] : x => 1 }
}
output "key" {
  value = { for x in [["a"]] : x => 1 }
}
output "condition" {
  value = [for x in ["a"] : x if x]
}
