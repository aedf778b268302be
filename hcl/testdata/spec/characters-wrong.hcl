output "a" {
  value = 'single'
}
