variable "label" {
  type = string
}

container "runner" {
  image       = "example/runner"
  environment = { LABEL = var.label }
}

output "name" {
  value = container.runner.name
}
