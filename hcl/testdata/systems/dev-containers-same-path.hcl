# Dev Containers with workspaceMount and workspaceFolder at the path of the host.
daemon "host" {
  socket = "/var/run/docker.sock"
}

controller "workspace" {
  daemon = daemon.host
  image  = "mcr.microsoft.com/devcontainers/base"

  mount {
    source = "/home/dev/project"
    target = "/home/dev/project"
  }
}

job "compose_up" {
  controller = controller.workspace
  image      = "alpine"

  mount {
    source = "/home/dev/project/conf"
    target = "/etc/app"
  }
}
