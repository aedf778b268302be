project { name = "shop" }
container "web" { image = "nginx" }
job "web" { image = "bash" }
network "web" {}
volume "web" {}
daemon "d" { image = "docker:dind" }
volume "d-data" {}
container "other" {
  image = "nginx"
  name  = "shop-web"
}
volume "theirs" { external = true }
