output "text" {
  value = "a" + 1
}
output "zero" {
  value = 1 / 0
}
output "not" {
  value = !"maybe"
}
output "null" {
  value = null + 1
}
