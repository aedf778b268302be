variable "a" {
  defualt = 1
}
variable "b" {
  description = 5
  sensitive   = "perhaps"
}
