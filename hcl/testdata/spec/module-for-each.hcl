module "shop" {
  source   = "./modules/web"
  for_each = { a = "nginx", b = "httpd" }
  image    = each.value
}
module "list" {
  source = "./modules/web"
  count  = 2
  image  = "bash${count.index}"
}
module "off" {
  source  = "./modules/web"
  enabled = false
  image   = "bash"
}
output "names" { value = { for k, m in module.shop : k => m.name } }
output "first" { value = module.list[0].name }
output "a" { value = module.shop["a"].name }
output "all" { value = module.list[*].name }
output "off" { value = try(module.off.name, "none") }
