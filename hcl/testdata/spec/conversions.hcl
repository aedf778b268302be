container "c" {
  image       = "bash"
  cpus        = "2"
  init        = "true"
  user        = 1000
  command     = ["sleep", 5]
  environment = { N = 1, B = true }
}
