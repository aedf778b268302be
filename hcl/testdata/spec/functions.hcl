output "a" { value = sha256("x") }
output "b" { value = base64decode(base64encode("x")) }
output "c" { value = [cidrsubnet("10.0.0.0/8", 8, 3), cidrhost("10.0.0.0/24", 5), cidrnetmask("10.0.0.0/20")] }
output "d" { value = try(local.l.missing, "otherwise") }
output "e" { value = [fileexists("context/Dockerfile"), fileexists("none"), trimspace(file("context/Dockerfile"))] }
output "f" { value = [pathjoin("a", "..", "b"), basename("/a/b"), dirname("/a/b"), abspath("x")] }
output "g" { value = join(",", sort(keys({ b = 1, a = 2 }))) }
output "h" { value = filesha256("context/Dockerfile") }
locals { l = {} }
