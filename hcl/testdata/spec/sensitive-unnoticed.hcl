variable "token" {
  type      = string
  sensitive = true
  default   = "hunter2"
}
network "n" {
  ipam {
    config {
      subnet = var.token
    }
  }
}
image "built" {
  build {
    dockerfile_inline = "FROM bash"
    args              = { TOKEN = var.token, PLAIN = "1" }
    labels            = { token = var.token }
    secrets           = { token = var.token }
  }
}
image "named" {
  from = "bash:${var.token}"
}
container "c" {
  image = "bash"
  file {
    path    = "/etc/plain"
    content = var.token
  }
  file {
    path    = "/etc/${var.token}"
    content = ""
  }
  environment = { TOKEN = var.token }
  tmpfs       = ["/run", "/tmp/${var.token}"]
}
job "j" {
  image    = "bash"
  triggers = { token = var.token }
}
