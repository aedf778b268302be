variable "a" {
  default = "x"
  validation {
    condition     = "yes"
    error_message = "A."
  }
  validation {
    error_message = "No condition."
  }
}
