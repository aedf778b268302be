# A home that daemon and controller have at different paths.
volume "home" {}
daemon "dind" {
  image = "docker:28-dind"
  mount {
    source = volume.home
    target = "/home/jenkins"
  }
  mount {
    source = "."
    target = "/repo"
  }
}
controller "jenkins" {
  image  = "docker:28-cli"
  daemon = daemon.dind
  mount {
    source = volume.home
    target = "/var/jenkins_home"
  }
  mount {
    source = "."
    target = "/repo"
  }
}
controller "translating" {
  image  = "docker:28-cli"
  daemon = daemon.dind
  mount {
    source = volume.home
    target = "/var/jenkins_home"
  }
}
job "build" {
  controller = controller.translating
  image      = "bash"
  mount {
    source  = "/var/jenkins_home/job"
    resolve = "translate"
    target  = "/src"
  }
}
