container "web" {
  for_each = toset([for n in range(50) : "w${n}"])
  image    = "bash"
  networks = [volume.v]
  mount {
    source = "/x"
    target = "relative"
  }
}
volume "v" {}
