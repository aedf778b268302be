output "a" {
  value = "never ends
}
