variable "a" {
  type    = number
  default = "many"
}
variable "b" {
  type     = string
  nullable = false
  default  = null
}
variable "c" {
  type    = list(strin)
  default = []
}
variable "d" {
  default = local.x
}
variable "e" {
  default = 5
  validation {
    condition     = var.e > 10
    error_message = "e is ${var.e}."
  }
  validation {
    condition     = var.e < 3
    error_message = "e is not below 3."
  }
  validation {
    condition     = var.e
    error_message = "x"
  }
}
variable "f" {}
variable "a" {}
variable "g h" {}
