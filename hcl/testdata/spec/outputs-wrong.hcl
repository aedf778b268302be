output "none" {}
output "twice" { value = 1 }
output "twice" { value = 2 }
output "bad name" { value = 3 }
output "flag" {
  value     = 4
  sensitive = "perhaps"
}
output "more" {
  value = 5
  vlaue = 6
}
output "fails" { value = 1 / 0 }
output "secret" { value = nonsensitive(sensitive("shown")) }
