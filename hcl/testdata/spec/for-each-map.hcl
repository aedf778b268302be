variable "sites" {
  type = map(object({ port = number, image = optional(string, "bash") }))
  default = {
    one = { port = 1 }
    two = { port = 2, image = "nginx" }
  }
}
network "n" {}
container "web" {
  for_each = var.sites
  image    = each.value.image
  networks = [network.n]
  ports {
    target = each.value.port
  }
}
container "client" {
  image       = "bash"
  environment = { TO = join(",", values(container.web)[*].name), FIRST = container.web["one"].name }
}
