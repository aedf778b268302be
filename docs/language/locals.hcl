locals {
  version = "3.20"
  image   = "alpine:${local.version}"
}

container "web" {
  image   = local.image
  command = ["sleep", "infinity"]
}
