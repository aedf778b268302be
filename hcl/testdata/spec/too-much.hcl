locals {
  doubled = "${local.text}${local.text}"
  text    = "x"
  loops   = [for a in range(1000) : [for b in range(1000) : b]]
}
output "doubled" { value = local.doubled }
