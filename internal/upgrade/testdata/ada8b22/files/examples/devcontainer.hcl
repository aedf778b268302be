# A dev container that uses the host's Docker (the feature docker-outside-of-docker):
# the editor's container has the project at /workspaces/app and the host's socket.
# The host has the project somewhere else, so that `docker run -v $PWD:/app` in the
# container's terminal mounts a directory that does not exist.
#
#   dindctl apply examples/devcontainer.hcl      prints the listing of this directory, seen by a nested container
#   dindctl plan examples/devcontainer.hcl       says that nothing has to change
#   dindctl destroy examples/devcontainer.hcl    removes all of it

variable "workspace" {
  description = "Directory of the project on this host."
  type        = string
  default     = "."
}

variable "socket" {
  description = "Socket of the host's Docker."
  type        = string
  default     = "/var/run/docker.sock"
}

variable "dev_image" {
  description = "Image that the editor works in; it has a docker CLI."
  type        = string
  default     = "docker:28-cli"
}

variable "job_image" {
  description = "Image of the nested container; it has ls."
  type        = string
  default     = "bash"
}

daemon "host" {
  socket = var.socket
}

controller "dev" {
  image       = var.dev_image
  command     = ["sleep", "infinity"]
  init        = true
  daemon      = daemon.host         # the socket is mounted
  working_dir = "/workspaces/app"

  environment = {
    # For scripts that start containers themselves: the path to give to -v.
    LOCAL_WORKSPACE_FOLDER = abspath(var.workspace)
  }

  mount {
    source = var.workspace
    target = "/workspaces/app"
  }
}

job "test" {
  controller = controller.dev
  image      = var.job_image
  command    = ["ls", "-al", "/app"]

  mount {
    source  = "/workspaces/app"     # the path in the container ...
    resolve = "translate"           # ... turned into the host's
    # Mistake:
    #   resolve = "same"
    # dindctl:
    #   daemon.host resolves the source on its host, where /workspaces/app does
    #   not exist: job.test cannot start.
    target = "/app"
  }
}

output "listing" {
  value = job.test.stdout
}
