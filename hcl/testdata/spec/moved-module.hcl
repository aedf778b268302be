module "web" {
  source   = "./modules/web"
  for_each = toset(["a"])
  image    = "bash"
}
moved {
  from = module.web
  to   = module.web["a"]
}
moved {
  from = container.solo
  to   = module.web["a"].container.web
}
