# Two daemons destroy one data root, however each of them came to it.
volume "shared" {}
daemon "argument" {
  image = "docker:28-dind"
  alias = "argument"
  data  = volume.shared
}
daemon "mount" {
  image = "docker:28-dind"
  alias = "mount"
  mount {
    source = volume.shared
    target = "/var/lib/docker"
  }
}
daemon "path" {
  image = "docker:28-dind"
  alias = "path"
  mount {
    source = "/srv/docker"
    target = "/var/lib/docker"
  }
}
daemon "elsewhere" {
  image  = "docker:28-dind"
  alias  = "elsewhere"
  config = { data-root = "/mnt/docker" }
  mount {
    source = "/srv"
    target = "/mnt"
  }
}
daemon "by_name" {
  image = "docker:28-dind"
  alias = "by_name"
  mount {
    type   = "volume"
    source = "cache"
    target = "/var/lib/docker"
  }
}
daemon "by_name_too" {
  image = "docker:28-dind"
  alias = "by_name_too"
  mount {
    type   = "volume"
    source = "cache"
    target = "/var/lib/docker"
  }
}
