variable "workspace" {
  description = "Directory on this host that jobs work on."
  type        = string
  default     = "."
  nullable    = false

  validation {
    condition     = var.workspace != "/"
    error_message = "Give a directory, not the whole host."
  }
}

variable "token" {
  type      = string
  default   = ""
  sensitive = true
}
