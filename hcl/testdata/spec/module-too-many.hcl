# Modules that use others twice are soon too many.
module "a" { source = "./modules/doubling/1" }
module "b" { source = "./modules/doubling/1" }
