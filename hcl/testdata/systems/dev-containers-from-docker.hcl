# Dev Containers, docker-outside-of-docker: the workspace has another path in the container.
daemon "host" {
  socket = "/var/run/docker.sock"
}

controller "workspace" {
  daemon = daemon.host
  image  = "mcr.microsoft.com/devcontainers/base"

  mount {
    source = "/home/dev/project"
    target = "/workspaces/project"
  }
}

job "compose_up" {
  controller = controller.workspace
  image      = "alpine"

  mount {
    source = "/workspaces/project/conf"
    target = "/etc/app"
  }
}
