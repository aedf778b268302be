variable "from_environment" { type = number }
variable "from_file" { default = "default" }
variable "ports" {
  type    = list(object({ target = number, published = optional(number, 80) }))
  default = [{ target = 1 }, { target = 2, published = 8 }]
}
container "c" {
  image       = "bash"
  environment = { A = var.from_environment + 1, B = var.from_file }
  dynamic "ports" {
    for_each = var.ports
    content {
      target    = ports.value.target
      published = ports.value.published
    }
  }
}
