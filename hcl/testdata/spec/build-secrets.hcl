variable "token" {
  type      = string
  sensitive = true
  default   = "x"
}
image "named" {
  build {
    dockerfile_inline = "FROM scratch"
    network           = "front"
    secrets           = { token = var.token }
  }
}
image "long" {
  build {
    dockerfile_inline = "FROM scratch"
    secrets           = { token = join("", [for i in range(1000) : format("%600d", i)]) }
  }
}
image "fine" {
  build {
    dockerfile_inline = "FROM scratch"
    network           = "host"
    secrets           = { token = var.token }
  }
}
image "map" {
  build {
    dockerfile_inline = "FROM scratch"
    secrets           = ["token"]
  }
}
