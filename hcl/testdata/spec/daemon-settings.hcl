# What a daemon is told, and would not start with, or would not do.
daemon "told" {
  image        = "docker:28-dind"
  entry_mounts = ["tmp", "/run"]
}

daemon "group" {
  image  = "docker:28-dind"
  alias  = "group"
  config = { group = "docker", debug = true }
  flags  = ["-Gdocker", "-D"]
}

daemon "nothing" {
  endpoint = ""
}

daemon "no_socket" {
  socket = ""
}

daemon "password" {
  endpoint = "tcp://me:secret@build:2376"
}
