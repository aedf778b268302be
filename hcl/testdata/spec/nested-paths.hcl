daemon "host" { socket = "/var/run/docker.sock" }
controller "control" {
  image        = "docker:28-cli"
  daemon       = daemon.host
  nested_paths = ["/repo/sub"]
  mount {
    source = "./work"
    target = "/repo"
  }
}
