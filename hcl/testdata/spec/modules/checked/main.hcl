variable "size" {
  type     = number
  default  = 5
  nullable = false
  validation {
    condition     = var.size > 1
    error_message = "The size is ${var.size}, which is too small"
  }
  validation {
    condition     = var.size < 10
    error_message = "Too large."
  }
}
variable "options" {
  type    = object({ a = string, b = optional(number, 3) })
  default = { a = "x" }
}
variable "secret" {
  type      = string
  sensitive = true
  default   = "hunter2"
}
output "options" { value = var.options }
output "size" { value = var.size }
output "secret" {
  value     = var.secret
  sensitive = true
}
output "marked" { value = var.secret }
