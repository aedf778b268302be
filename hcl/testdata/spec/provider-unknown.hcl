provider "podman" {}
