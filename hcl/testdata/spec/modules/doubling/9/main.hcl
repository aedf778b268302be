module "a" { source = "../10" }
module "b" { source = "../10" }
