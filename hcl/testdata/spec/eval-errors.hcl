variable "n" { default = 1 }
variable "s" {
  default   = "hidden"
  sensitive = true
}
container "c" {
  image       = "bash"
  environment = { A = file("missing.txt"), B = nofunction(1), C = "${var.n.x}", D = var.n + "x" }
  command     = [for x in var.n : x]
  user        = tonumber(var.s)
}
