network "a" {
  depends_on = [network.b]
}
network "b" {
  depends_on = [network.c]
}
network "c" {
  enabled = network.a.name != ""
}
