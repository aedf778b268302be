variable "a" {
  type     = string
  default  = null
  nullable = false
}
variable "b" {
  type     = string
  nullable = true
  default  = null
}
