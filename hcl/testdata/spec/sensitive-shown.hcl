variable "secret" {
  default   = "s3cret"
  sensitive = true
}
container "c" {
  image = "bash"
  mount {
    source = "/srv/${var.secret}"
    target = "/x"
  }
}
output "leak" { value = { a = [var.secret] } }
