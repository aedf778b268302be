# Modules that use others twice are soon too many blocks.
module "a" { source = "./modules/many/1" }
