container {
  image = "bash"
}
network "a" "b" {}
project "p" {}
locals "x" {}
