variable "a" {
  default = "x"
}
variable "b" {
  default = var.a
}
variable "c" {
  type = nonsense
}
variable "d" {
  type = list
}
project {
  name = var.a
}
