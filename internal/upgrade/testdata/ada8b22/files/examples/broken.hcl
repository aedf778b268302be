# Broken: case 3 without the translation. The job asks the host's daemon for /repo,
# which is a path of the controller. Plain Docker would make an empty directory on
# the host and mount that; dindctl refuses at plan, before anything is made:
#
#     Error: Mount source is hidden from the daemon [mount-hidden]
#
#       with job.list,
#       on examples/broken.hcl line 88, in job "list":
#       88:     source = "/repo"                # the controller's path, but the host resolves it
#               ^^^^^^^^^^^^^^^^
#
#     daemon.host resolves the source on its host, where /repo does not exist:
#     job.list cannot start. controller.control has host:/home/me/dindctl/examples at
#     /repo.
#
#     What each level sees:
#       host  /repo  is  host:/repo (does not exist)
#       host  /home/me/dindctl/examples  is  host:/home/me/dindctl/examples
#       controller.control  /repo  is  host:/home/me/dindctl/examples
#       job.list  /repo  is  nothing: host:/repo does not exist
#
#     Fix 1: Write the path at which daemon.host has host:/home/me/dindctl/examples
#       instead of line 88 of examples/broken.hcl:
#
#         source = "/home/me/dindctl/examples"
#
#     Fix 2: Keep the path of controller.control and let dindctl send the one of daemon.host
#       before line 88 of examples/broken.hcl:
#
#         resolve = "translate"
#
# Each of the two fixes works as it is printed. The second makes it case 3.

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
    source = "/repo"                # the controller's path, but the host resolves it
    target = "/repo"
  }
}

output "listing" {
  value = job.list.stdout
}
