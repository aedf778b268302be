daemon "d" { image = "docker:dind" }
network "inner" { inside = daemon.d }
volume "inner" { inside = daemon.d }
image "inner" {
  inside = daemon.d
  from   = "debian"
}
container "outer" {
  image    = image.inner
  networks = [network.inner]
  mount {
    source = volume.inner
    target = "/x"
  }
}
container "fine" {
  inside   = daemon.d
  image    = image.inner
  networks = [network.inner]
  mount {
    source = volume.inner
    target = "/x"
  }
}
