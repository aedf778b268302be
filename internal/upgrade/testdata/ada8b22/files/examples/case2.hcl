# Case 2: a Docker daemon and a controller of our own, on one network. A job that
# the controller's pipelines would start runs inside the daemon and lists the
# files of this directory, which lie on the host.
#
#   dindctl apply examples/case2.hcl      prints the listing of this directory
#   dindctl plan examples/case2.hcl       says that nothing has to change
#   dindctl destroy examples/case2.hcl    removes all but the volumes

variable "workspace" {
  description = "Directory on this host that nested jobs work on."
  type        = string
  default     = "."
}

variable "daemon_image" {
  description = "Image of the daemon: docker:dind, or one with the same contract."
  type        = string
  default     = "docker:28-dind"
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

network "ci" {}
volume "images" {}

image "controller" {
  build {
    context = "../docker/controller"
    args = {
      BASE_IMAGE = var.controller_base
    }
  }
}

daemon "dind" {
  image    = var.daemon_image
  networks = [network.ci]
  data     = volume.images          # /var/lib/docker, sealed: one volume, one daemon

  mount {
    source = var.workspace          # relative to the directory of this file
    target = "/repo"
  }
}

controller "control" {
  image    = image.controller
  daemon   = daemon.dind            # gets DOCKER_HOST, client certificates, and waits until it answers
  networks = [network.ci]

  mount {
    source = var.workspace
    target = "/repo"
  }
}

job "list" {
  controller = controller.control   # runs on that controller's daemon
  image      = var.job_image
  command    = ["ls", "-al", "/repo"]

  mount {
    source = "/repo"                # resolved by the daemon; the rule checks it
    target = "/repo"
  }
}

output "listing" {
  value = job.list.stdout
}
