module "self" {
  source = "./modules/self"
}
module "missing" {
  source = "./modules/none"
}
module "bare" {
  source = "modules/web"
}
module "empty" {
  source = "./modules/none/at/all"
}
module "web" {
  source = "./modules/web"
  imgae  = "bash"
}
module "bad" {
  source = "./modules/bad"
  size   = "many"
}
module "null" {
  source = "./modules/checked"
  size   = null
}
module "small" {
  source = "./modules/checked"
  size   = 1
}
module "each" {
  source   = "./modules/checked"
  for_each = toset(["a", "b", "c"])
  size     = 20
}
output "a" { value = module.web.nmae }
output "b" { value = module.wbe.name }
output "c" { value = module.web["a"].name }
output "d" { value = module.each["z"].size }
output "e" { value = module.small.secret }
