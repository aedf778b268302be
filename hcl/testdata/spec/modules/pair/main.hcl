variable "image" {}
module "left" {
  source = "../web"
  image  = var.image
}
module "right" {
  source = "../web"
  image  = module.left.name
}
output "names" { value = [module.left.name, module.right.name] }
