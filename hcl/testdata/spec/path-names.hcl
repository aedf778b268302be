output "paths" {
  value = path.root == path.module
}
output "wrong" {
  value = path.cwd
}
