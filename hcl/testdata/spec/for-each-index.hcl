network "one" {}
network "many" {
  for_each = toset(["a"])
}
network "list" {
  count = 2
}
output "a" { value = network.one["a"].name }
output "b" { value = network.many.name }
output "c" { value = network.list.name }
output "d" { value = network.many["b"].name }
output "e" { value = network.list[5].name }
output "f" { value = network.many["a"].nmae }
output "g" { value = network.list[*].name }
output "h" { value = network.many.a.name }
