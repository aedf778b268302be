variable "n" { default = 2 }
container "web" {
  count = var.n
  image = "bash"
  name  = "web${count.index}"
}
container "none" {
  count = 0
  image = "bash"
}
container "x" {
  image       = "bash"
  environment = { ALL = join(" ", container.web[*].name), SECOND = container.web[1].name, NONE = length(container.none) }
}
