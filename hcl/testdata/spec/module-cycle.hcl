module "a" {
  source = "./modules/web"
  image  = module.b.name
}
module "b" {
  source = "./modules/web"
  image  = module.a.name
}
