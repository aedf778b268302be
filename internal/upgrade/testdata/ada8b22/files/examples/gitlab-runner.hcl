# GitLab Runner, docker executor, with the service docker:dind: what the runner
# makes for one job of a pipeline. The job's container and the service get the
# volume /builds, and nothing else in common, so that `docker run -v` works below
# /builds alone.
#
#   dindctl apply examples/gitlab-runner.hcl      prints what the nested container read: "checked out"
#   dindctl plan examples/gitlab-runner.hcl       says that nothing has to change
#   dindctl destroy examples/gitlab-runner.hcl    removes all but the volumes
#
# In .gitlab-ci.yml:                        In the runner's config.toml:
#   image: docker:28-cli                      [runners.docker]
#   services: [docker:28-dind]                  privileged = true
#   variables:                                  volumes = ["/builds", "/certs/client"]
#     DOCKER_TLS_CERTDIR: /certs

variable "project_dir" {
  description = "CI_PROJECT_DIR: where the runner checks the project out."
  type        = string
  default     = "/builds/group/project"
}

variable "daemon_image" {
  description = "Image of the service: docker:dind, or one with the same contract."
  type        = string
  default     = "docker:28-dind"
}

variable "build_image" {
  description = "Image of the job's container; it has a docker CLI."
  type        = string
  default     = "docker:28-cli"
}

variable "job_image" {
  description = "Image of the helper and of the nested container; it has a shell."
  type        = string
  default     = "bash"
}

network "job" {}
volume "builds" {}

job "checkout" {
  image   = var.job_image
  command = ["sh", "-c", "mkdir -p ${var.project_dir} && echo checked out > ${var.project_dir}/state"]

  mount {
    source = volume.builds
    target = "/builds"
  }
}

daemon "docker" {
  image    = var.daemon_image
  networks = [network.job]          # it answers there as "docker", which GitLab's documentation uses

  mount {
    source = volume.builds          # as the runner gives it to every service
    target = "/builds"
  }
}

controller "build" {
  image        = var.build_image
  command      = ["sleep", "infinity"]
  init         = true
  daemon       = daemon.docker
  networks     = [network.job]
  working_dir  = var.project_dir
  depends_on   = [job.checkout]
  nested_paths = [var.project_dir]  # what the pipeline's own `docker run -v` mounts

  mount {
    source = volume.builds
    target = "/builds"
  }
}

job "test" {
  controller = controller.build
  image      = var.job_image
  command    = ["cat", "/app/state"]

  mount {
    source = var.project_dir
    # Mistake:
    #   source = "/root/app"
    # dindctl:
    #   No mount of daemon.docker holds /root/app, where daemon.docker resolves
    #   the source: job.test would get an empty directory, or not start.
    target = "/app"
  }
}

output "state" {
  value = job.test.stdout
}
