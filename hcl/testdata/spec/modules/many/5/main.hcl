module "a" { source = "../6" }
module "b" { source = "../6" }
