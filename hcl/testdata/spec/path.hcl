output "root" { value = path.root }
output "module" { value = path.module }
output "wrong" { value = path.cwd }
