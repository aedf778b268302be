# Small texts make long lists, here 300 of a thousand.
container "c" {
  count   = 300
  image   = "bash"
  command = range(1000)
}
output "names" { value = [for c in container.c : c.name] }
