variable "port" {
  default = 80
  validation {
    condition     = var.port > 1024
    error_message = "The port ${var.port} is for root alone."
  }
}
variable "fine" {
  default = "a"
  validation {
    condition     = length(var.fine) == 1
    error_message = "One letter."
  }
}
