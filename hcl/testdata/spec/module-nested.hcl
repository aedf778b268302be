module "pair" {
  source = "./modules/pair"
  image  = "bash"
}
container "after" {
  image      = "bash"
  depends_on = [module.pair]
}
output "names" { value = module.pair.names }
