output "a" { value = templatefile("./templates/again.tftpl", {}) }
output "b" { value = templatefile("./templates/unknown.tftpl", { name = "web" }) }
output "c" { value = templatefile("./templates/open.tftpl", {}) }
output "d" { value = templatefile("./templates/sum.tftpl", { name = "web" }) }
output "e" { value = templatefile("./templates/none.tftpl", {}) }
output "f" { value = templatefile("./templates/sum.tftpl", "web") }
output "g" { value = index(["a"], "b") }
output "h" { value = one(["a", "b"]) }
output "i" { value = sum([]) }
output "j" { value = sum(["a"]) }
output "k" { value = length(5) }
output "l" { value = alltrue(["maybe"]) }
output "m" { value = yamldecode("a: b") }
output "n" { value = index("abc", "b") }
variable "secret" {
  sensitive = true
  default   = "hunter2"
}
output "o" { value = templatefile("./templates/sum.tftpl", { name = var.secret }) }
