network "net" {}
container "web" {
  for_each = toset(["a"])
  image    = "bash"
}
module "shop" {
  source = "./modules/web"
  count  = 1
  image  = "bash"
}
moved {
  from = network.n
  to   = network.net
}
moved {
  from = container.old
  to   = container.older
}
moved {
  from = container.older
  to   = container.web["a"]
}
moved {
  from = module.store
  to   = module.shop[0]
}
moved {
  from = container.inner
  to   = module.shop[0].container.web
}
moved {
  from = volume.v[0]
  to   = module.shop[0].volume.store
}
