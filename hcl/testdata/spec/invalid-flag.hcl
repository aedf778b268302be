# flags: -var noequals -var unknown=1 -var word=x -var n=many
variable "words" {
  default = []
}
variable "n" {
  type    = number
  default = 1
}
