network "backend" {
  internal = true
}

container "db" {
  image    = "postgres:16"
  networks = [network.backend]
}
