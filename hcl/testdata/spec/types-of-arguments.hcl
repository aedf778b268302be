container "c" {
  image       = ["bash"]
  command     = "ls -l"
  environment = ["A=1"]
  init        = "perhaps"
  cpus        = "two"
  user        = { a = 1 }
}
