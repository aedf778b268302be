variable "debug" {
  type    = bool
  default = false
}

container "worker" {
  for_each    = { mail = "256m", video = "2g" }
  image       = "example/worker"
  command     = ["work", each.key]
  mem_limit   = each.value
}

container "replica" {
  count       = 3
  image       = "example/replica"
  environment = { NUMBER = count.index }
}

container "shell" {
  enabled = var.debug
  image   = "alpine"
  tty     = true
}
