container "a.b" { image = "x" }
container "1" { image = "x" }
container "ok_1-A" { image = "x" }
daemon "root" { image = "docker:dind" }
variable "x y" {}
image "Big" { from = "debian" }
