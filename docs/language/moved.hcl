moved {
  from = container.web
  to   = container.frontend
}

container "frontend" {
  image = "nginx"
}
