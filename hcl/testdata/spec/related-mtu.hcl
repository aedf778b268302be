# Packets inside have to fit through the network outside.
network "tunnel" {
  options = { "com.docker.network.driver.mtu" = "1400" }
}
daemon "default" {
  image    = "docker:28-dind"
  alias    = "default"
  networks = [network.tunnel]
}
daemon "larger" {
  image    = "docker:28-dind"
  alias    = "larger"
  networks = [network.tunnel]
  mtu      = 1450
}
daemon "good" {
  image    = "docker:28-dind"
  alias    = "good"
  networks = [network.tunnel]
  config   = { mtu = 1400 }
}
network "inner" {
  inside  = daemon.good
  options = { "com.docker.network.driver.mtu" = "9000" }
}
