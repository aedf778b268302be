output "arguments" {
  value = upper("a", "b")
}
output "few" {
  value = replace("a")
}
output "type" {
  value = upper(["a"])
}
output "range" {
  value = cidrhost("10.0.0.0/30", 9)
}
output "prefix" {
  value = cidrsubnet("10.0.0.0/31", 8, 2)
}
output "json" {
  value = jsondecode("{")
}
output "base64" {
  value = base64decode("%")
}
output "binary" {
  value = file("context")
}
output "near" {
  value = uper("a")
}
