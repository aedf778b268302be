output "cidr" {
  value = [cidrhost("10.0.0.0/8", 5), cidrnetmask("10.0.0.0/12"), cidrsubnet("10.0.0.0/8", 8, 2)]
}
