# Agents in sandboxes: the workspace has another path in the agent's container.
daemon "host" {
  socket = "/var/run/docker.sock"
}

controller "runner" {
  daemon = daemon.host
  image  = "docker.all-hands.dev/all-hands-ai/openhands"

  mount {
    source = "/home/dev/workspace"
    target = "/opt/workspace_base"
  }
}

job "step" {
  controller = controller.runner
  image      = "alpine"

  mount {
    source = "/opt/workspace_base/repo"
    target = "/mnt"
  }
}
