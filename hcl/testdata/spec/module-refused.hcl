# What is wrong with a module's source is said there, and not at each reference to it.
module "gone" { source = "./modules/none" }
module "far" { source = "git::https://example.com/web" }
module "nothing" { source = "" }
module "null" { source = null }
module "computed" { source = local.a }
locals {
  a = module.gone.name
  b = [module.far.name, module.nothing.name, module.null.name, module.computed.name]
}
container "web" {
  image      = module.gone.image
  depends_on = [module.gone]
}
output "name" { value = module.gone.name }
output "near" { value = module.gonne.name }
