variable "secret" {
  sensitive = true
  default   = "hunter2"
}
container "web" {
  for_each    = { a = var.secret }
  image       = "bash"
  environment = { S = each.value }
}
