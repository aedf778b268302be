# Jenkins in a container: docker-workflow falls back to -v X:X where volumes-from is not used.
daemon "host" {
  socket = "/var/run/docker.sock"
}

controller "runner" {
  daemon = daemon.host
  image  = "jenkins/jenkins"

  mount {
    source = volume.work
    target = "/var/jenkins_home"
  }
}

volume "work" {}

job "step" {
  controller = controller.runner
  image      = "alpine"

  mount {
    source = "/var/jenkins_home/workspace/job"
    target = "/mnt"
  }
}
