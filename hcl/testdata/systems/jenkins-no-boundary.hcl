# Jenkins: /var/jenkins_home2 begins like /var/jenkins_home, and is another place.
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
    source = "/var/jenkins_home2/job"
    target = "/mnt"
  }
}
