# Certificates hold certain names, and belong to one daemon.
volume "certs" {}
daemon "a" {
  image       = "docker:28-dind"
  alias       = "docker-a"
  environment = { DOCKER_TLS_SAN = "DNS:build.example.com" }
  mount {
    source = volume.certs
    target = "/certs"
  }
}
daemon "b" {
  image       = "docker:28-dind"
  alias       = "docker-b"
  environment = { DOCKER_TLS_SAN = "DNS:docker-b,DNS:*.example.com" }
  mount {
    source = volume.certs
    target = "/certs"
  }
}
controller "by_container_name" {
  image       = "docker:28-cli"
  daemon      = daemon.b
  environment = { DOCKER_HOST = "tcp://related-certificates-b:2376" }
}
controller "by_alias" {
  image       = "docker:28-cli"
  daemon      = daemon.b
  environment = { DOCKER_HOST = "tcp://docker-b:2376" }
}
