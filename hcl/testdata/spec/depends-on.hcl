network "n" {
  for_each = toset(["a", "b"])
}
volume "v" {}
module "shop" {
  source     = "./modules/web"
  image      = "bash"
  depends_on = [volume.v]
}
container "c" {
  image      = "bash"
  depends_on = [network.n, module.shop, network.n["a"]]
}
output "o" {
  value      = "x"
  depends_on = [container.c]
}
