# Jenkins as its own installation documentation sets it up with Docker: a daemon
# in a container that answers as "docker", and a controller that calls it with
# client certificates. Both have the home volume at the same path. That is what
# makes `docker run -v "$WORKSPACE:..."` and `agent { docker ... }` work in a
# pipeline; dindctl holds you to it (nested_paths).
#
#   dindctl apply examples/jenkins.hcl      prints the address: "http://localhost:8080"
#   dindctl plan examples/jenkins.hcl       says that nothing has to change
#   dindctl destroy examples/jenkins.hcl    removes all but the volumes
#
# To unlock Jenkins the first time:
#   dindctl exec controller.jenkins -project jenkins -- cat /var/jenkins_home/secrets/initialAdminPassword
#
# For production: back up the volume jenkins-home; fix the images' versions; put
# a reverse proxy with TLS in front and publish to it alone (host_ip); run builds
# on agents. Who can start a build can use the daemon, and that is privileged.

variable "port" {
  description = "Port of this host at which Jenkins answers."
  type        = number
  default     = 8080
}

variable "daemon_image" {
  description = "Image of the daemon: docker:dind, or one with the same contract."
  type        = string
  default     = "docker:28-dind"
}

variable "jenkins_image" {
  description = "Jenkins: its home is /var/jenkins_home, it runs as user 1000 and answers at port 8080."
  type        = string
  default     = "jenkins/jenkins:lts-jdk21"
}

variable "cli_image" {
  description = "Image that the docker CLI is taken from: /usr/local/bin/docker, linked statically."
  type        = string
  default     = "docker:28-cli"
}

network "jenkins" {}
volume "home" {}                      # configuration, jobs, secrets, workspaces

image "jenkins" {
  build {
    context = "jenkins"
    args = {
      JENKINS_IMAGE = var.jenkins_image
      CLI_IMAGE     = var.cli_image
    }
  }
}

daemon "docker" {
  image    = var.daemon_image
  networks = [network.jenkins]        # it answers there as "docker", the default alias

  mount {
    source = volume.home              # the same volume at the same path as in the controller:
    target = "/var/jenkins_home"      # this daemon resolves what pipelines mount
  }
}

controller "jenkins" {
  image    = image.jenkins
  daemon   = daemon.docker            # DOCKER_HOST, DOCKER_TLS_VERIFY, DOCKER_CERT_PATH; certificates read-only
  networks = [network.jenkins]

  nested_paths = ["/var/jenkins_home/workspace"]

  mount {
    source = volume.home
    target = "/var/jenkins_home"
  }

  ports {
    target    = 8080
    published = var.port
  }

  ready {
    port    = 8080
    timeout = "5m"                    # the first start unpacks Jenkins
  }
}

output "url" {
  value = "http://localhost:${var.port}"
}
