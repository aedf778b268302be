volume "work" {}

container "files" {
  image = "bash"

  mount {
    source = volume.work
    target = "/work"
  }
  mount {
    source = "/srv"
    target = "/srv"
  }
  tmpfs = ["/scratch"]
}

container "second" {
  image        = "bash"
  volumes_from = [container.files]

  mount {
    source = "/own"
    target = "/srv"
  }
}

container "third" {
  image        = "bash"
  volumes_from = [container.second]
}
