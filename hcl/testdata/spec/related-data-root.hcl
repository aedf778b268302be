# A data root that no volume holds.
daemon "own_root" {
  image  = "docker:28-dind"
  alias  = "own_root"
  config = { data-root = "/docker" }
}
daemon "flag" {
  image = "docker:28-dind"
  alias = "flag"
  flags = ["--data-root", "/docker"]
}
daemon "memory" {
  image = "docker:28-dind"
  alias = "memory"
  mount {
    type   = "tmpfs"
    target = "/var/lib/docker"
  }
}
daemon "prefix" {
  image  = "docker:28-dind"
  alias  = "prefix"
  config = { data-root = "/srv/docker2" }
  mount {
    source = "."
    target = "/srv/docker"
  }
}
daemon "rootless" {
  image = "docker:28-dind-rootless"
  alias = "rootless"
}
daemon "good" {
  image  = "docker:28-dind"
  alias  = "good"
  config = { data-root = "/srv/docker" }
  mount {
    source = "./data"
    target = "/srv"
  }
}
