module "one" {
  source  = "./modules/checked"
  size    = null
  options = { a = 1 }
}
module "two" {
  source = "./modules/checked"
}
output "one" { value = [module.one.size, module.one.options] }
output "two" { value = module.two.options }
