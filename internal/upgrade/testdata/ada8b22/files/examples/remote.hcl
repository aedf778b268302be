# A Docker engine on another machine: a controller here, its jobs there.
#
#   dindctl apply examples/remote.hcl -var endpoint=tcp://build.example.com:2376 -var certificates=./certificates
#                                              prints what a job there read: "made on the other machine"
#   dindctl plan examples/remote.hcl ...       says that nothing has to change
#   dindctl destroy examples/remote.hcl ...    removes all but the volume there; it needs the endpoint, too
#
# The directory of certificates holds ca.pem, cert.pem and key.pem, as for
# DOCKER_CERT_PATH. With endpoint = "ssh://user@build.example.com" there are none: dindctl
# reaches the engine with your keys and ssh configuration, and `ssh user@build.example.com`
# has to work without a question. A controller then needs an ssh client and keys of
# its own; jobs with inside = daemon.far need neither.
#
# What the rule knows: a volume of that engine is there for all its jobs, and what
# you have here is not. What it cannot know: which files that machine has. A path
# there is "unknown", which is a warning; the engine refuses a path that is missing.

variable "endpoint" {
  description = "The engine's URL: tcp://HOST:PORT or ssh://USER@HOST."
  type        = string
}

variable "certificates" {
  description = "Directory with ca.pem, cert.pem and key.pem for it; null without TLS or over ssh."
  type        = string
  default     = null
}

variable "cli_image" {
  description = "Image of the controller; it has a docker CLI."
  type        = string
  default     = "docker:28-cli"
}

variable "job_image" {
  description = "Image of the jobs; it has a shell."
  type        = string
  default     = "bash"
}

daemon "far" {
  endpoint     = var.endpoint
  certificates = var.certificates
}

volume "work" {
  inside = daemon.far
}

job "prepare" {
  inside  = daemon.far
  image   = var.job_image               # carried there from this engine
  command = ["sh", "-c", "echo made on the other machine > /work/state"]

  mount {
    source = volume.work
    target = "/work"
  }
}

controller "here" {
  image   = var.cli_image
  command = ["sleep", "infinity"]
  init    = true
  daemon  = daemon.far                  # gets DOCKER_HOST and the certificates
}

job "read" {
  controller = controller.here
  depends_on = [job.prepare]
  image      = var.job_image
  command    = ["cat", "/work/state"]

  mount {
    source = volume.work
    # Not known:
    #   source = "/srv/work"
    # dindctl:
    #   It cannot be said what job.read would see at /work: daemon.far is an
    #   engine elsewhere, and nobody has looked at its files.
    target = "/work"
  }
}

output "read" {
  value = job.read.stdout
}
