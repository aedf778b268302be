variable "image" { type = string }
variable "ports" {
  type    = list(number)
  default = []
}
variable "networks" { default = [] }
locals { greeting = "from ${path.module}" }
container "web" {
  image       = var.image
  networks    = var.networks
  environment = { GREETING = local.greeting, ROOT = path.root }
  mount {
    source = "./data"
    target = "/data"
  }
  dynamic "ports" {
    for_each = var.ports
    content {
      target = ports.value
    }
  }
}
volume "store" {}
