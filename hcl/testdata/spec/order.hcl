output "name" { value = local.greeting }
container "late" {
  image       = local.image
  environment = { GREETING = local.greeting }
  depends_on  = [container.early]
}
locals {
  greeting = "hello ${container.early.name}, ${var.who}"
  image    = try(var.images.late, "none")
}
container "early" {
  image = "bash"
  name  = "chosen"
}
variable "who" { default = "world" }
variable "images" {
  type    = map(string)
  default = { late = "debian" }
}
