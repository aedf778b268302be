container "web" {
  image = "nginx"

  ports {
    target = 80
  }
}

output "address" {
  description = "Where the page is."
  value       = container.web.ports["80/tcp"]
  sensitive   = false
  depends_on  = [container.web]
}
