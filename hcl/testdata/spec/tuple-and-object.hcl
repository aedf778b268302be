variable "pair" {
  type    = tuple([string, number])
  default = ["a", 1]
}
variable "thing" {
  type = object({ name = string, size = optional(number, 5) })
  default = {
    name = "x"
  }
}
output "both" {
  value = [var.pair[0], var.thing.size]
}
