resource "x" "y" {}
data "x" {}
local "x" {}
terraform {}
container "c" {
  image          = "bash"
  env            = { A = "x" }
  volumes        = ["a:b"]
  cmd            = ["x"]
  container_name = "x"
  memory         = "1g"
  network        = "x"
  volumes {}
}
locals {
  a = env("HOME")
  b = uper("x")
  c = timestamp()
}
