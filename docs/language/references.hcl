container "db" {
  image = "postgres:16"
}

container "app" {
  image       = "example/app"
  environment = { DATABASE_HOST = container.db.name }
}

output "addresses" {
  value = { for c in [container.db, container.app] : c.name => c.addresses }
}
