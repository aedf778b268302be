# Case 1: a Docker daemon of our own, and nothing beside it. Jobs run inside it
# and see what is mounted into it: here the directory of this file.
#
#   dindctl apply examples/case1.hcl      prints the listing of this directory
#   dindctl plan examples/case1.hcl       says that nothing has to change
#   dindctl destroy examples/case1.hcl    removes all but the volumes
#
# The daemon is privileged, as docker:dind has to be: who controls it can become
# root on this host. What it isolates is names, images and leftovers, not people.

variable "workspace" {
  description = "Directory on this host that jobs work on."
  type        = string
  default     = "."
}

variable "daemon_image" {
  description = "Image of the daemon: docker:dind, or one with the same contract."
  type        = string
  default     = "docker:28-dind"
}

variable "job_image" {
  description = "Image of the job; it has ls."
  type        = string
  default     = "bash"
}

daemon "dind" {
  image = var.daemon_image

  mount {
    source = var.workspace    # relative to the directory of this file
    target = "/repo"
  }
}

job "list" {
  inside  = daemon.dind       # created by that daemon, as its own `docker run` would
  image   = var.job_image
  command = ["ls", "-al", "/repo"]

  mount {
    source = "/repo"          # a path of the daemon, not of this host
    target = "/repo"
  }
}

output "listing" {
  value = job.list.stdout
}
