variable "debug" { default = false }
network "extra" {
  enabled = var.debug
}
network "n" {}
container "tool" {
  enabled  = var.debug
  image    = "bash"
  networks = [network.n]
}
container "web" {
  image       = "bash"
  networks    = [network.n, network.extra]
  environment = { TOOL = try(container.tool.name, "none"), THERE = container.tool != null }
}
container "several" {
  enabled  = var.debug
  for_each = toset(["a"])
  image    = "bash"
}
output "several" { value = [for c in container.several : c.name] }
