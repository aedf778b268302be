network "ci" {}
network "ci" {}
variable "a" { default = 1 }
variable "a" { default = 2 }
locals {
  x = 1
}
locals {
  x = 2
}
output "o" { value = 1 }
output "o" { value = 2 }
project {}
project {}
image "i" {
  build {
    context = "context"
  }
  build {
    context = "context"
  }
}
