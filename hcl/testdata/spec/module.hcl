network "n" {}
module "shop" {
  source   = "./modules/web"
  image    = "nginx"
  ports    = [80]
  networks = [network.n]
}
job "use" {
  image       = "bash"
  environment = { NAME = module.shop.name, ID = module.shop.container.id }
  mount {
    source = module.shop.volume
    target = "/store"
  }
}
output "web" { value = module.shop.container }
