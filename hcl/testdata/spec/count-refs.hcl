volume "v" {
  count = 3
}
container "c" {
  count = 3
  image = "bash"
  mount {
    source = volume.v[count.index]
    target = "/v"
  }
}
output "last" { value = container.c[length(container.c) - 1].name }
