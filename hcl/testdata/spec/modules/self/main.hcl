module "again" { source = "." }
