daemon "dind" {
  image = "docker:28-dind"

  mount {
    source = "."
    target = "/repo"
  }
}

controller "ci" {
  image        = "example/ci"
  daemon       = daemon.dind
  nested_paths = ["/repo"] # what its pipelines mount is checked too

  mount {
    source = "."
    target = "/repo"
  }
}
