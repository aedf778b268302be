# Actions Runner Controller, containerMode dind: one runner and its daemon, as the
# chart gha-runner-scale-set puts them into a pod. The runner runs a step's
# container with three mounts of its own directories: _work as /__w, externals
# as /__e, the tool cache as /__t. The daemon has to have each of them, at the
# same path.
#
#   dindctl apply examples/github-arc.hcl      prints what a step sees: externals, tools and work
#   dindctl plan examples/github-arc.hcl       says that nothing has to change
#   dindctl destroy examples/github-arc.hcl    removes all but the volumes

variable "daemon_image" {
  description = "Image of the daemon: docker:dind, or one with the same contract."
  type        = string
  default     = "docker:28-dind"
}

variable "runner_image" {
  description = "Image of the runner; it has a docker CLI and a shell."
  type        = string
  default     = "ghcr.io/actions/actions-runner:latest"
}

variable "step_image" {
  description = "Image of a step of a workflow; it has a shell."
  type        = string
  default     = "bash"
}

locals {
  home = "/home/runner"
}

network "pod" {}
volume "work" {}
volume "externals" {}
volume "tools" {}

# The chart's init container, which copies the runner's externals to where both see them.
job "init-externals" {
  image      = var.runner_image
  user       = "0"
  entrypoint = []
  command    = ["sh", "-c", "cp -r ${local.home}/externals/. /to/ 2>/dev/null || :; echo externals > /to/name; echo tools > /tools/name; echo work > /work/name"]

  mount {
    source = volume.externals
    target = "/to"
  }
  mount {
    source = volume.tools
    target = "/tools"
  }
  mount {
    source = volume.work
    target = "/work"
  }
}

daemon "dind" {
  image    = var.daemon_image
  networks = [network.pod]

  mount {
    source = volume.work
    target = "${local.home}/_work"
  }
  mount {
    source = volume.externals
    target = "${local.home}/externals"
  }
  mount {
    source = volume.tools
    target = "/opt/hostedtoolcache"
    # Mistake:
    #   target = "/tools"
    # dindctl:
    #   No mount of daemon.dind holds /opt/hostedtoolcache, where daemon.dind
    #   resolves the source: a job of controller.runner would not see volume
    #   github-arc-tools (daemon.root), which controller.runner has there.
  }
}

controller "runner" {
  image      = var.runner_image
  entrypoint = []
  command    = ["sleep", "infinity"]       # /home/runner/run.sh, once it is registered
  init       = true
  daemon     = daemon.dind                 # waits until it answers, as the chart's startupProbe does
  networks   = [network.pod]
  depends_on = [job.init-externals]
  nested_paths = [                         # what the runner itself mounts into containers
    "${local.home}/_work", "${local.home}/externals", "/opt/hostedtoolcache",
  ]

  environment = {
    RUNNER_TOOL_CACHE = "/opt/hostedtoolcache"
  }

  mount {
    source = volume.work
    target = "${local.home}/_work"
  }
  mount {
    source = volume.externals
    target = "${local.home}/externals"
  }
  mount {
    source = volume.tools
    target = "/opt/hostedtoolcache"
  }
}

# A step with `container:`, as the runner starts it.
job "step" {
  controller = controller.runner
  image      = var.step_image
  command    = ["sh", "-c", "cat /__e/name /__t/name /__w/name"]

  mount {
    source = "${local.home}/_work"
    target = "/__w"
  }
  mount {
    source    = "${local.home}/externals"
    target    = "/__e"
    read_only = true
  }
  mount {
    source = "/opt/hostedtoolcache"
    target = "/__t"
  }
}

output "step" {
  value = job.step.stdout
}
