variable "n" {
  type    = number
  default = "many"
}
variable "list" {
  type    = list(number)
  default = ["a"]
}
variable "thing" {
  type    = object({ name = string })
  default = { nam = "x" }
}
variable "flag" {
  type    = bool
  default = "maybe"
}
