variable "n" { default = 3 }
network "net" {}
container "web" { image = "bash" }
check "size" {
  assert {
    condition     = var.n > 1
    error_message = "never"
  }
  assert {
    condition     = var.n > 5
    error_message = "There are ${var.n} of ${network.net.name}, and 6 are needed"
  }
}
check "later" {
  assert {
    condition     = container.web.id != ""
    error_message = "not known"
  }
}
output "n" { value = var.n }
