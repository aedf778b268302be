container "a" {
  image = "nginx"
  volumes = ["/a:/b"]
  env     = { A = 1 }
}
