image "both" {
  from = "debian"
  build {
    context = "context"
  }
}
image "none" {}
image "from" {
  from = "debian:12"
}
image "theirs" {
  external = true
  name     = "registry.example/x:1"
}
container "c" {
  image = image.from
}
