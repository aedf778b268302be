container "web" {
  image = "bash"
  lifecycle {
    prevent_destroy      = "perhaps"
    ignore_changes       = [cpu, "text here", environment]
    replace_triggered_by = [container.nothing, container.other.comand, image, "x y"]
    create_before        = true
  }
  lifecycle {}
}
container "other" {
  image = "bash"
  lifecycle {
    ignore_changes       = cpus
    replace_triggered_by = container.web
    prevent_destroy      = local.x
  }
}
container "self" {
  image = "bash"
  lifecycle {
    replace_triggered_by = [container.self]
  }
}
locals { x = true }
container "kinds" {
  image = "bash"
  lifecycle {
    replace_triggered_by = [container, local.x, module.m]
  }
}
module "m" {
  source = "./modules/web"
  image  = "bash"
}
