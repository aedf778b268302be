module "c" {
  source = "./modules/checks"
  count  = 2
  n      = count.index
}
