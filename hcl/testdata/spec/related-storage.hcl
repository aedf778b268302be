# Each image store has storage drivers of its own.
daemon "graph" {
  image          = "docker:28-dind"
  alias          = "graph"
  storage_driver = "overlay2"
  config         = { features = { containerd-snapshotter = true } }
}
daemon "snapshot" {
  image          = "docker:28-dind"
  alias          = "snapshot"
  storage_driver = "overlayfs"
}
daemon "gone" {
  image       = "docker:28.1-dind"
  alias       = "gone"
  environment = { DOCKER_DRIVER = "aufs" }
}
daemon "good" {
  image          = "docker:28-dind"
  alias          = "good"
  storage_driver = "overlayfs"
  config         = { features = { containerd-snapshotter = true } }
}
daemon "good_too" {
  image          = "docker:29-dind"
  alias          = "good_too"
  storage_driver = "overlayfs"
}
daemon "unknown_version" {
  image          = "example.com/dind"
  alias          = "unknown_version"
  storage_driver = "aufs"
}
