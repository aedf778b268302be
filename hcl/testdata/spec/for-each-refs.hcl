daemon "d" {
  for_each = toset(["x", "y"])
  image    = "docker:28-dind"
  alias    = "docker-${each.key}"
}
controller "agent" {
  for_each = daemon.d
  image    = "cli"
  daemon   = each.value
}
job "list" {
  for_each   = controller.agent
  controller = each.value
  image      = "bash"
  command    = ["echo", each.key]
}
container "after" {
  image       = "bash"
  environment = { OUT = join(",", [for k, j in job.list : j.stdout]) }
}
output "agents" { value = { for k, a in controller.agent : k => a.name } }
