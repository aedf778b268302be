output "a" {
  description = "The answer."
  value       = 42
}
output "a" {
  value = 43
}
output "none" {}
output "odd" {
  value = 1
  vlaue = 2
}
