network "ci" {}
container "c" {
  image = "bash"
}
output "no" {
  value = network.ci.endpoint
}
output "typo" {
  value = container.c.nmae
}
output "stdout" {
  value = container.c.stdout
}
