# A private registry between two daemons: on one, a nested job builds an image and
# pushes it; on the other, a job pulls and runs it, as a deployment would.
#
#   export DINDCTL_VAR_registry_password=...     the password of the user ci, nowhere in a file
#   htpasswd -niB ci <<< "$DINDCTL_VAR_registry_password" > examples/htpasswd
#
#   dindctl apply examples/ci-registry.hcl       prints what the image says: "built by ci"
#   dindctl plan examples/ci-registry.hcl        says that nothing has to change
#   dindctl destroy examples/ci-registry.hcl     removes all but the volumes, the registry's among them
#
# The password is in one file of each container that needs it, which only the
# container's user can read. It is in no environment, label, command, log or plan.

variable "registry_password" {
  description = "Password of the user ci at the registry."
  type        = string
  sensitive   = true
}

variable "htpasswd" {
  description = "The registry's users: a file that htpasswd -B made, on this host."
  type        = string
  default     = "./htpasswd"
}

variable "registry_image" {
  description = "Image of the registry."
  type        = string
  default     = "registry:2"
}

variable "daemon_image" {
  description = "Image of the daemons: docker:dind, or one with the same contract."
  type        = string
  default     = "docker:28-dind"
}

variable "cli_image" {
  description = "Image of the controllers and of the job that builds; it has a docker CLI."
  type        = string
  default     = "docker:28-cli"
}

variable "base_image" {
  description = "Image that the application is built on; it has a shell."
  type        = string
  default     = "bash"
}

locals {
  registry = "registry:5000"
  app      = "${local.registry}/team/app:1"

  registry_auth = {
    (local.registry) = { username = "ci", password = var.registry_password }
  }
}

network "ci" {}
volume "registry" {}

container "registry" {
  image    = var.registry_image
  networks = [network.ci]

  environment = {
    REGISTRY_AUTH                = "htpasswd"
    REGISTRY_AUTH_HTPASSWD_REALM = "registry"
    REGISTRY_AUTH_HTPASSWD_PATH  = "/auth/htpasswd"
  }

  mount {
    source    = var.htpasswd
    target    = "/auth/htpasswd"
    read_only = true
  }

  mount {
    source = volume.registry
    target = "/var/lib/registry"
  }

  ready {
    port = 5000
  }
}

# Where images are built.
daemon "build" {
  image               = var.daemon_image
  networks            = [network.ci]
  alias               = "build"
  insecure_registries = [local.registry]     # plain HTTP, on a network of our own

  # For a registry with TLS and a CA of your own, in place of insecure_registries
  # (in daemon.stage, too):
  #
  # file {
  #   path    = "/etc/docker/certs.d/${local.registry}/ca.crt"
  #   content = file("ca.pem")
  # }

  mount {
    source = "./registry-app"
    target = "/src"
  }
}

image "base" {
  inside = daemon.build                      # carried there from this engine, or pulled
  from   = var.base_image
}

controller "ci" {
  image         = var.cli_image
  command       = ["sleep", "infinity"]
  init          = true
  daemon        = daemon.build
  networks      = [network.ci]
  registry_auth = local.registry_auth        # `docker push` in it needs no `docker login`

  mount {
    source = "./registry-app"
    target = "/src"
  }
}

# A pipeline's step with the daemon's socket.
job "publish" {
  controller    = controller.ci
  image         = var.cli_image
  registry_auth = local.registry_auth
  depends_on    = [container.registry]
  command = ["sh", "-ec", <<-EOT
    docker build --build-arg BASE_IMAGE=${image.base.name} --tag ${local.app} /src
    docker push ${local.app}
  EOT
  ]

  mount {
    source = "/src"
    target = "/src"
  }

  mount {
    source  = "/var/run/docker.sock"
    target  = "/var/run/docker.sock"
    resolve = "daemon"                       # the daemon's own, which the controller does not have
  }
}

# Where they run.
daemon "stage" {
  image               = var.daemon_image
  networks            = [network.ci]
  alias               = "stage"
  insecure_registries = [local.registry]
}

controller "deploy" {
  image         = var.cli_image
  command       = ["sleep", "infinity"]
  init          = true
  daemon        = daemon.stage
  networks      = [network.ci]
  registry_auth = local.registry_auth        # dindctl pulls with it for this controller's jobs
}

job "run" {
  controller = controller.deploy
  image      = local.app
  depends_on = [job.publish]
}

output "says" {
  value = job.run.stdout
}
