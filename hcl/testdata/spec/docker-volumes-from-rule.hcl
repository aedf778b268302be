# The daemon sees what it takes from another container; its jobs can mount that.
container "files" {
  image = "bash"

  mount {
    source = "/srv/repo"
    target = "/repo"
  }
}

daemon "dind" {
  image        = "docker:28-dind"
  volumes_from = [container.files]
}

controller "control" {
  image        = "docker:28-cli"
  daemon       = daemon.dind
  volumes_from = [container.files]
  nested_paths = ["/repo", "/repo/sub"]
}

job "list" {
  controller = controller.control
  image      = "bash"
  command    = ["ls", "/repo"]

  mount {
    source = "/repo"
    target = "/repo"
  }
}
