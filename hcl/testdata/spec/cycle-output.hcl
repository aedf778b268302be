module "a" {
  source = "./modules/web"
  image  = local.image
}
locals { image = module.a.name }
