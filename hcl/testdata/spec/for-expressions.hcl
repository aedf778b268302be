locals {
  map  = { a = 1, b = 2 }
  list = ["x", "y", "z"]
}
output "list" {
  value = [for i, x in local.list : "${i}${x}" if x != "y"]
}
output "map" {
  value = { for k, v in local.map : upper(k) => v * 10 }
}
output "grouped" {
  value = { for x in ["aa", "ab", "b"] : substr(x, 0, 1) => x... }
}
output "splat" {
  value = [{ n = 1 }, { n = 2 }][*].n
}
