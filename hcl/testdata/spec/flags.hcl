# flags: -var words=["a,b","c"] -var n=3 -project from-flag
variable "words" {
  type = list(string)
}
variable "n" {
  type = number
}
output "all" {
  value = [var.words, var.n]
}
