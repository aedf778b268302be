variable "dir" {
  default   = "/srv/secret"
  sensitive = true
}
container "c" {
  image = "bash"
  mount {
    source = var.dir
    target = "/x"
  }
}
