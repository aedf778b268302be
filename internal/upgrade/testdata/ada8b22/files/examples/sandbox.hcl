# A sandbox for a coding agent that starts containers of its own and may see one
# directory of this host: the agent has a daemon to itself, that daemon has the
# directory and nothing else, and neither has a way to the internet.
#
#   dindctl apply examples/sandbox.hcl      prints the listing of that directory, seen by a nested container
#   dindctl plan examples/sandbox.hcl       says that nothing has to change
#   dindctl destroy examples/sandbox.hcl    removes all but the daemon's volumes
#   dindctl exec controller.agent -- sh     a shell where the agent works
#
# It bounds what a wrong command can destroy; it is no wall against an attacker.
# The daemon is privileged, and who may ask it for privileged containers can get
# at this host's devices. Use docker:28-dind-rootless, or a machine of its own
# (Vagrantfile), for code that you do not trust at all.

variable "workspace" {
  description = "The one directory of this host that the agent sees."
  type        = string
  default     = "."
}

variable "daemon_image" {
  description = "Image of the daemon: docker:dind, or one with the same contract."
  type        = string
  default     = "docker:28-dind"
}

variable "agent_image" {
  description = "Image that the agent works in; it has a docker CLI."
  type        = string
  default     = "docker:28-cli"
}

variable "job_image" {
  description = "Image of a nested container; it has ls."
  type        = string
  default     = "bash"
}

network "box" {
  internal = true                   # no way out; dindctl carries the images in
}

daemon "box" {
  image      = var.daemon_image
  networks   = [network.box]
  mem_limit  = "2g"                 # for all that the agent starts, together
  pids_limit = 2000

  mount {
    source = var.workspace
    target = "/workspace"
  }
}

controller "agent" {
  image        = var.agent_image
  command      = ["sleep", "infinity"]
  init         = true
  networks     = [network.box]
  daemon       = daemon.box
  # Mistake:
  #   daemon = daemon.root
  # dindctl:
  #   daemon.root resolves the source on its host, where /workspace does not
  #   exist: a job of controller.agent would see an empty directory.
  nested_paths = ["/workspace"]     # what the agent's own `docker run -v` may name
  working_dir  = "/workspace"
  cap_drop     = ["ALL"]
  security_opt = ["no-new-privileges:true"]
  pids_limit   = 500

  mount {
    source = var.workspace
    target = "/workspace"
  }
}

job "list" {
  controller = controller.agent
  image      = var.job_image
  command    = ["ls", "-al", "/workspace"]

  mount {
    source = "/workspace"
    target = "/workspace"
  }
}

output "listing" {
  value = job.list.stdout
}
