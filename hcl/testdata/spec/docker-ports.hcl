container "a" {
  image = "nginx"
  ports {
    target    = 80
    published = 8080
  }
}
container "b" {
  image = "nginx"
  ports {
    target    = 80
    published = 8080
  }
}
