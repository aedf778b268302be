container "c" {
  image = bash
  user  = env("USER")
  init  = self.name == "x"
}
output "each" {
  value = each.key
}
