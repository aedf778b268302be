container "a" { image = "bash" }
container "b" {
  image       = "bash"
  environment = { ALL = join(",", [for c in container : c.name]), ONE = container["a"].name }
}
variable "which" { default = "a" }
output "names" { value = sort([for c in container : c.name]) }
output "one" { value = container[var.which].name }
output "outputs" { value = [for j in job : j.stdout] }
job "j" { image = "bash" }
