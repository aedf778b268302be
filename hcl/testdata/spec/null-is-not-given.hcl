variable "user" {
  default = null
}
container "c" {
  image       = "bash"
  user        = var.user
  init        = null
  environment = { A = null, B = "1" }
}
