# A message says something, and a condition is about variables, whether it holds or not.
variable "a" {
  default = 5
  validation {
    condition     = var.a > 1
    error_message = ["x"]
  }
  validation {
    condition     = var.a > 9
    error_message = null
  }
  validation {
    condition     = var.a > 9
    error_message = ""
  }
  validation {
    condition     = var.b > 1
    error_message = "x"
  }
  validation {
    condition     = local.limit > 1
    error_message = container.c.name
  }
  validation {
    condition     = var.a > 1
    error_message = "element ${[1][var.a]}"
  }
}
locals { limit = 2 }
container "c" { image = "bash" }
check "messages" {
  assert {
    condition     = container.c.name == ""
    error_message = ["x"]
  }
  assert {
    condition     = container.c.name == ""
    error_message = ""
  }
}
