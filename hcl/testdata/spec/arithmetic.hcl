locals {
  n = 7
}
output "all" {
  value = [local.n + 1, local.n - 10, local.n * 2, local.n / 2, local.n % 4, -local.n, (1 + 2) * 3]
}
output "compare" {
  value = [local.n == 7, local.n != 7, local.n > 6, local.n <= 6, local.n > 1 && false, local.n > 9 || true, !true]
}
