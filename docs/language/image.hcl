variable "token" {
  type      = string
  sensitive = true
  default   = ""
}

image "tool" {
  build {
    context = "./tool"
    args    = { VERSION = "1.2" }
    secrets = { token = var.token } # RUN --mount=type=secret,id=token
  }
}

job "tool" {
  image = image.tool
}
