output "container" { value = container.web }
output "name" { value = container.web.name }
output "volume" {
  value      = volume.store
  depends_on = [container.web]
}
