# Bitbucket Pipelines, self-hosted: the clone directory is mounted at its own path.
daemon "host" {
  socket = "/var/run/docker.sock"
}

controller "runner" {
  daemon = daemon.host
  image  = "atlassian/default-image"

  mount {
    source = "/opt/atlassian/pipelines/agent/build"
    target = "/opt/atlassian/pipelines/agent/build"
  }
}

job "step" {
  controller = controller.runner
  image      = "alpine"

  mount {
    source = "/opt/atlassian/pipelines/agent/build/conf"
    target = "/mnt"
  }
}
