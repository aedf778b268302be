container "c" {
  image = "bash"
  ports {
    target    = 80
    published = 8080
  }
  ports {
    target = 443
  }
}
container "wrong" {
  image = "bash"
  ports {
    published = 1
  }
  ready {
    timeout = "5s"
  }
  ready {
    timeout = "6s"
  }
}
