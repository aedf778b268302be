# flags: -var-file testdata/spec/given.hclvars -var-file nowhere.hclvars
variable "a" {
  default = "x"
}
output "a" {
  value = var.a
}
