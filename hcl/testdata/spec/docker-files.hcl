container "web" {
  image = "nginx"
  tmpfs = ["/run"]
  file {
    path    = "/run/a"
    content = "x"
  }
  file {
    path    = "/etc/b"
    content = "x"
  }
  file {
    path    = "/etc/../etc/b"
    content = "y"
  }
  file {
    path    = "relative"
    content = "y"
    mode    = "rw"
    owner   = "root"
  }
}
