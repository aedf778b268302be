variable "n" { type = number }
check "positive" {
  assert {
    condition     = var.n > 0
    error_message = "n is ${var.n}"
  }
}
