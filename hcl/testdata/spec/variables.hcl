variable "needed" { type = string }
variable "from_environment" { type = number }
variable "from_file" { default = "default" }
variable "count_" {
  type    = number
  default = "three"
}
variable "ports" {
  type    = list(object({ target = number, published = optional(number, 80) }))
  default = [{ target = 1 }]
}
variable "odd" {
  type    = number
  default = 4
  validation {
    condition     = var.odd % 2 == 1
    error_message = "Wanted: an odd number, not ${var.odd}."
  }
  validation {
    condition     = var.odd < 100
    error_message = "Too large."
  }
}
variable "empty" {
  type     = string
  default  = null
  nullable = false
}
variable "typo" {
  type        = strng
  descripton = "x"
}
