variable "n" {
  default = 2
}
container "c" {
  image = var.n ? "a" : "b"
  init  = null ? true : false
  user  = var.n > 1 ? "1" : ["2"]
}
