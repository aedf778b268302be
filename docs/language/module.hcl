module "ci" {
  source   = "./modules/runner"
  for_each = toset(["linux", "windows"])
  label    = each.key
}

output "runners" {
  value = [for m in module.ci : m.name]
}
