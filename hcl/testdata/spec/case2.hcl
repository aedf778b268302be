variable "workspace" {
  description = "Directory on this host that nested jobs work on."
  type        = string
  default     = "."
}

network "ci" {}
volume "images" {}

image "controller" {
  build {
    context = "context"
  }
}

daemon "dind" {
  image    = "docker:28-dind"
  networks = [network.ci]
  data     = volume.images

  mount {
    source = var.workspace
    target = "/repo"
  }
}

controller "control" {
  image    = image.controller
  daemon   = daemon.dind
  networks = [network.ci]

  mount {
    source = var.workspace
    target = "/repo"
  }
}

job "list" {
  controller = controller.control
  image      = "bash"
  command    = ["ls", "-al", "/repo"]

  mount {
    source = "/repo"
    target = "/repo"
  }
}

output "listing" {
  value = job.list.stdout
}
