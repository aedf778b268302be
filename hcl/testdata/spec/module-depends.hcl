module "a" {
  source = "./modules/web"
  image  = "bash"
}
module "b" {
  source     = "./modules/web"
  image      = "bash"
  depends_on = [module.a]
}
