# What dockerd would not start with, and what it would never be told.
daemon "told" {
  image            = "docker:28-dind"
  registry_mirrors = ["https://me:secret@mirror.example.com", "https://mirror.example.com/"]
  address_pools    = [{ base = "10.50.0.0/16", size = 24 }, { base = "10.51.0.0/16", size = 24, bits = 3 }]
}

controller "logs_in" {
  image         = "docker:28-cli"
  daemon        = daemon.root
  registry_auth = { "registry.example.com" = { username = "me", password = "secret", email = "me@example.com" } }
}
