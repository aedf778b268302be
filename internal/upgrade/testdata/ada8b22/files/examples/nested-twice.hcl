# A daemon inside a daemon: what a runner's own pipeline starts when it tests
# something that is itself Docker-in-Docker. A job at the bottom, three engines
# deep, lists a directory of this host.
#
# A path has to be handed down level by level: each daemon mounts it from the one
# around it, and the job can name only what the innermost daemon has.
#
#   dindctl apply examples/nested-twice.hcl      prints the listing of this directory
#   dindctl plan examples/nested-twice.hcl       says that nothing has to change
#   dindctl destroy examples/nested-twice.hcl    removes the job's level first, and names the volume it keeps

variable "workspace" {
  description = "Directory on this host that the job at the bottom works on."
  type        = string
  default     = "."
}

variable "daemon_image" {
  description = "Image of both daemons: docker:dind, or one with the same contract."
  type        = string
  default     = "docker:28-dind"
}

variable "job_image" {
  description = "Image of the job; it has ls."
  type        = string
  default     = "bash"
}

daemon "outer" {
  image = var.daemon_image

  mount {
    source = var.workspace          # a path of this host
    target = "/repo"
  }
}

daemon "inner" {
  inside = daemon.outer             # its container is created by daemon.outer
  image  = var.daemon_image

  mount {
    source = "/repo"                # a path of daemon.outer
    target = "/src"
  }
}

job "list" {
  inside  = daemon.inner
  image   = var.job_image
  command = ["ls", "-al", "/work"]

  mount {
    source = "/src"                 # a path of daemon.inner
    # Mistake:
    #   source = "/repo"
    # dindctl:
    #   No mount of daemon.inner holds /repo, where daemon.inner resolves the
    #   source: job.list would get an empty directory, or not start.
    target = "/work"
  }
}

output "listing" {
  value = job.list.stdout
}
