project { name = "x" }
provider "docker" {}
variable "size" {
  type     = number
  nullable = false
  validation {
    condition     = var.size > 1
    error_message = "too small"
  }
}
variable "list" {
  type    = object({ a = string, b = optional(number, 3) })
  default = { a = "x" }
}
container "c" {
  image = local.nothing
}
output "list" { value = var.list }
