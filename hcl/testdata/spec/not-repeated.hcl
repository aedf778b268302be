container "c" {
  image   = "bash"
  command = [each.key, count.index]
}
