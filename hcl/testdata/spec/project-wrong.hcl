project {
  name             = "Not Fit"
  required_version = "newest"
  context          = "one"
}
project {}
provider "docker" {
  context = "two"
  host    = "unix:///x"
  flavour = "sweet"
}
provider "podman" {}
provider "docker" {}
