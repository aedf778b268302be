# Who listens where, and who calls how.
daemon "empty" {
  image       = "docker:28-dind"
  alias       = "empty"
  environment = { DOCKER_TLS_CERTDIR = "" }
}
daemon "other_directory" {
  image       = "docker:28-dind"
  alias       = "other_directory"
  environment = { DOCKER_TLS_CERTDIR = "/tls" }
}
daemon "set" {
  image       = "docker:28-dind"
  alias       = "set"
  tls         = false
  environment = { DOCKER_TLS_CERTDIR = "/certs" }
}
daemon "flag" {
  image = "docker:28-dind"
  alias = "flag"
  flags = ["--tls=false"]
}
daemon "verify" {
  image = "docker:28-dind"
  alias = "verify"
  tls   = false
  flags = ["--tlsverify"]
}
daemon "second_port" {
  image = "docker:28-dind"
  alias = "second_port"
  flags = ["-H", "tcp://0.0.0.0:2375"]
  ports { target = 2375 }
}
daemon "hosts" {
  image  = "docker:28-dind"
  alias  = "hosts"
  config = { hosts = ["tcp://0.0.0.0:2376"], tlsverify = true }
}
daemon "twice" {
  image = "docker:28-dind"
  alias = "twice"
  flags = ["--insecure-registry=a:5000", "--mtu", "1400"]
  config = { insecure-registries = ["b:5000"] }
  mtu    = 1400
}
daemon "tls" {
  image = "docker:28-dind"
}
daemon "plain" {
  image = "docker:28-dind"
  alias = "plain"
  tls   = false
}
controller "wrong_port" {
  image       = "docker:28-cli"
  daemon      = daemon.tls
  environment = { DOCKER_HOST = "tcp://docker:2375" }
}
controller "wrong_port_too" {
  image       = "docker:28-cli"
  daemon      = daemon.plain
  environment = { DOCKER_HOST = "tcp://plain:2376" }
}
controller "no_tls" {
  image       = "docker:28-cli"
  daemon      = daemon.tls
  environment = { DOCKER_HOST = "tcp://docker:2376", DOCKER_TLS_VERIFY = "" }
}
controller "verify_plain" {
  image       = "docker:28-cli"
  daemon      = daemon.plain
  environment = { DOCKER_HOST = "tcp://plain:2375", DOCKER_TLS_VERIFY = "1" }
}
controller "good" {
  image       = "docker:28-cli"
  daemon      = daemon.tls
  environment = { DOCKER_HOST = "tcp://docker:2376", DOCKER_TLS_VERIFY = "1" }
}
# What does not start dockerd by the image's own entrypoint has its own rules.
daemon "own_command" {
  image       = "docker:28-dind"
  alias       = "own_command"
  command     = ["dockerd", "--host=tcp://0.0.0.0:2376"]
  environment = { DOCKER_TLS_CERTDIR = "" }
}
