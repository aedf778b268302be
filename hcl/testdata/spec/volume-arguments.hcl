volume "a" {}
volume "a2" {
  name = "own-name"
}
container "c" {
  image = "bash"
  mount {
    source    = volume.a
    target    = "/a"
    subpath   = "sub/dir"
    read_only = true
  }
  mount {
    source = volume.a2.name
    target = "/b"
    type   = "volume"
  }
}
