# Case 3: a controller that uses the host's own daemon, by its socket. The nested
# job is the controller's sibling: the host resolves what it mounts. The file
# says the controller's path, /repo; dindctl sends what that is on the host.
#
#   dindctl apply examples/case3.hcl      prints the listing of this directory
#   dindctl plan examples/case3.hcl       says that nothing has to change
#   dindctl destroy examples/case3.hcl    removes all of it
#
# Who can write to the socket is root on this host. Give it to nobody whom you
# would not give a root shell.

variable "workspace" {
  description = "Directory on this host that nested jobs work on."
  type        = string
  default     = "."
}

variable "socket" {
  description = "Socket of the host's daemon; rootless: /run/user/1000/docker.sock."
  type        = string
  default     = "/var/run/docker.sock"
}

variable "controller_base" {
  description = "Image with a docker CLI, that the controller's image is built on."
  type        = string
  default     = "docker:28-cli"
}

variable "job_image" {
  description = "Image of the job; it has ls."
  type        = string
  default     = "bash"
}

image "controller" {
  build {
    context = "../docker/controller"
    args = {
      BASE_IMAGE = var.controller_base
    }
  }
}

daemon "host" {
  socket = var.socket               # exists already: dindctl does not start or stop it
}

controller "control" {
  image  = image.controller
  daemon = daemon.host              # socket mounted; DOCKER_HOST is left alone
  user   = "1000:1000"              # gets the socket's group, whatever its number

  mount {
    source = var.workspace          # relative to the directory of this file
    target = "/repo"
  }
}

job "list" {
  controller = controller.control   # runs on that controller's daemon: the host's
  image      = var.job_image
  command    = ["ls", "-al", "/repo"]

  mount {
    source  = "/repo"               # the controller's path ...
    resolve = "translate"           # ... turned into the host's
    target  = "/repo"
  }
}

output "listing" {
  value = job.list.stdout
}
