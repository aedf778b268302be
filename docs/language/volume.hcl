volume "data" {}

volume "shared" {
  external = true
  name     = "shared-cache"
}

container "db" {
  image = "postgres:16"

  mount {
    source = volume.data
    target = "/var/lib/postgresql/data"
  }
}
