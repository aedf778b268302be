variable "site" {
  type = object({ host = string, port = optional(number, 80), tags = optional(map(string), {}), path = optional(string) })
  default = { host = "x" }
}
variable "sites" {
  type    = map(object({ port = optional(number, 443) }))
  default = { a = {}, b = { port = 8080 } }
}
output "site" { value = var.site }
output "sites" { value = var.sites }
