# What people know from Terraform is there, and means the same.
variable "secret" {
  sensitive = true
  default   = "hunter2"
}
output "tests" { value = [startswith("abc", "a"), endswith("abc", "b"), strcontains("abc", "b"), alltrue([true, true]), alltrue([]), anytrue([false, null]), anytrue(["true"])] }
output "counts" { value = [length("größe"), length({ a = 1, b = "x" }), length(["a", 1]), length({}), length(toset(["a"])), sum([1, 2.5, "3"])] }
output "finds" { value = [index(["a", "b"], "b"), one([]), one(["x"]), one(toset(["y"])), urlencode("a b&c"), issensitive(var.secret), issensitive("a")] }
output "mixed" { value = [contains(["a", 1], "a"), reverse([1, "a", true]), slice(["a", 1, true], 1, 3), distinct(["a", "a", 1]), tolist([]), toset(["b", "a"]), tomap({ a = 1, b = "x" }), setproduct(["a", 1], [true])] }
output "template" { value = templatefile("./templates/site.conf.tftpl", { name = "web", ports = [80, 443] }) }
