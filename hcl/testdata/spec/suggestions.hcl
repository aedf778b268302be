variable "workspace_directory" { default = "." }
variable "Image" { default = "bash" }
locals { settings = 1 }
network "frontend" {}
container "web" {
  image       = var.image
  networks    = [network.front, network.frontned]
  environment = { A = var.workspace_dir, B = local.setting, C = container.web, D = nework.frontend, E = xyz.abc }
}
