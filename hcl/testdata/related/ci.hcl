network "ci" {}
daemon "dind" {
  image    = "docker:28-dind"
  networks = [network.ci]
  config   = { bip = "172.20.5.1/24" }
}
