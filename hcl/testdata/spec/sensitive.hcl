variable "secret" {
  default   = "s3cret"
  sensitive = true
}
container "c" {
  image       = "bash"
  environment = { TOKEN = var.secret, PLAIN = "x" }
  command     = ["echo", "${var.secret}!"]
  user        = nonsensitive(var.secret) == "x" ? "a" : "b"
}
output "fine" {
  value     = "x${var.secret}"
  sensitive = true
}
