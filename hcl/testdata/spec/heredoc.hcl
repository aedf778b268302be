output "plain" {
  value = <<EOT
  a ${1 + 1}
b
EOT
}
output "indented" {
  value = <<-EOT
    a
      b
  EOT
}
output "control" {
  value = <<EOT
%{for x in ["a", "b"]~}
${x};
%{endfor~}
EOT
}
