variable "secret" {
  sensitive = true
  default   = "hunter2"
}
check "empty" {}
check "type" {
  assert {
    condition     = "perhaps"
    error_message = "x"
  }
}
check "secret" {
  assert {
    condition     = var.secret == "x"
    error_message = "It is ${var.secret}."
  }
}
check "name" {
  assert {
    condition     = var.nothing
    error_message = "x"
  }
}
check "fails" {
  assert {
    condition     = [1][3] == 1
    error_message = "x"
  }
}
check "missing" {
  assert {
    condition = true
  }
}
check "type" {
  assert {
    condition     = true
    error_message = "x"
  }
}
