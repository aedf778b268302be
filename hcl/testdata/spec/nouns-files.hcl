container "web" {
  image     = "nginx"
  read_only = true
  tmpfs     = ["/run:size=1m"]
  env_file  = ["./nouns-gone.env", { path = "./nouns-gone.env", required = false }]
  file {
    path    = "/run/a"
    content = "x"
  }
  file {
    path    = "relative"
    content = "x"
  }
  file {
    path    = "/etc/a"
    content = "x"
    mode    = "rw"
    owner   = "www"
  }
  file {
    path    = "/etc/../etc/a"
    content = "x"
  }
}
container "other" {
  image    = "nginx"
  env_file = [{ required = true }]
}
