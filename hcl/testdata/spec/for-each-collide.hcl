container "web" {
  for_each = toset(["a/b", "a b", "ok"])
  image    = "bash"
}
