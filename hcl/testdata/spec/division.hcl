locals {
  none = 0
}

container "a" {
  image = "bash"
  cpus  = 1 / 0
  environment = {
    SHARE = "${10 / local.none}"
    REST  = 7 % 0
    FINE  = 7 / 2
  }
}

output "unknown" {
  value = var.zero != 0 ? 1 / var.zero : 0
}

variable "zero" {
  default = 0
}
