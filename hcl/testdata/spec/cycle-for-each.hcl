network "a" {
  for_each = network.b
}
network "b" {
  for_each = network.a
}
