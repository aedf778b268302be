project { name = "shop" }
provider "docker" {
  host = "tcp://10.0.0.1:2376"
}
network "n" {}
