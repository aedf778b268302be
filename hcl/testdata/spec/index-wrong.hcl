locals {
  list = ["a"]
  map  = { a = 1 }
  none = null
}
output "list" {
  value = local.list[3]
}
output "map" {
  value = local.map["b"]
}
output "attribute" {
  value = local.map.b
}
output "null" {
  value = local.none.x
}
output "text" {
  value = "abc".x
}
