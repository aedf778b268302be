variable "token" {
  default   = "hunter2"
  sensitive = true
}
container "c" {
  image       = "bash:${var.token}"
  name        = "x-${var.token}"
  environment = { TOKEN = var.token }
}
network "n" {
  name = nonsensitive(var.token)
}
