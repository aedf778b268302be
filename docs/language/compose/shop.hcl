# A shop: a proxy, a front end, an API with its workers, and what they store things in.
variable "db_password" { sensitive = true }
variable "queue_password" { sensitive = true }

network "front" {}
network "back" { internal = true }

volume "db" {}
volume "cache" {}
volume "queue" {}
volume "search" {}

locals {
  log = { max-size = "10m", max-file = "3" }

  # Who refers to another container waits until that is ready.
  shop = {
    DATABASE_URL = "postgres://shop:${var.db_password}@${container.db.name}:5432/shop"
    REDIS_URL    = "redis://${container.cache.name}:6379/0"
    AMQP_URL     = "amqp://shop:${var.queue_password}@${container.queue.name}:5672"
    SEARCH_URL   = "http://${container.search.name}:7700"
    SMTP_HOST    = container.mail.name
    SMTP_PORT    = 1025
  }
}

container "proxy" {
  image      = "nginx:1.27"
  networks   = [network.front]
  depends_on = [container.web, container.api]
  logging { options = local.log }

  dynamic "ports" {
    for_each = [80, 443]
    content {
      target    = ports.value
      published = ports.value
    }
  }

  mount {
    source    = "./proxy"
    target    = "/etc/nginx/conf.d"
    read_only = true
  }
}

container "web" {
  image       = "example/shop-web:4.2"
  environment = { NODE_ENV = "production", API_URL = "http://${container.api.name}:8000" }
  networks    = [network.front]
  mem_limit   = "256m"
  logging { options = local.log }
  ready { healthy = true }

  healthcheck {
    test     = ["CMD", "wget", "-q", "-O", "/dev/null", "http://localhost:3000/health"]
    interval = "10s"
    timeout  = "5s"
    retries  = 5
  }
}

container "api" {
  image       = "example/shop:4.2"
  command     = ["serve", "--port", "8000"]
  environment = local.shop
  networks    = [network.front, network.back]
  mem_limit   = "512m"
  logging { options = local.log }
  ready { healthy = true }

  healthcheck {
    test     = ["CMD", "wget", "-q", "-O", "/dev/null", "http://localhost:8000/health"]
    interval = "10s"
    timeout  = "5s"
    retries  = 5
  }
}

container "worker" {
  image             = "example/shop:4.2"
  command           = ["work", "--queue", "orders"]
  environment       = local.shop
  networks          = [network.back]
  stop_grace_period = "1m"
  mem_limit         = "512m"
  logging { options = local.log }
}

container "scheduler" {
  image       = "example/shop:4.2"
  command     = ["schedule"]
  environment = local.shop
  networks    = [network.back]
  mem_limit   = "512m"
  logging { options = local.log }
}

container "db" {
  image       = "postgres:16"
  environment = { POSTGRES_USER = "shop", POSTGRES_DB = "shop", POSTGRES_PASSWORD = var.db_password }
  networks    = [network.back]
  shm_size    = "128m"
  mem_limit   = "1g"
  logging { options = local.log }
  ready { healthy = true }

  mount {
    source = volume.db
    target = "/var/lib/postgresql/data"
  }

  healthcheck {
    test     = ["CMD", "pg_isready", "-U", "shop"]
    interval = "10s"
    timeout  = "5s"
    retries  = 5
  }
}

container "cache" {
  image     = "redis:7"
  command   = ["redis-server", "--save", "60", "1"]
  networks  = [network.back]
  mem_limit = "256m"
  logging { options = local.log }
  ready { healthy = true }

  mount {
    source = volume.cache
    target = "/data"
  }

  healthcheck {
    test     = ["CMD", "redis-cli", "ping"]
    interval = "10s"
    timeout  = "5s"
    retries  = 5
  }
}

container "queue" {
  image       = "rabbitmq:3-management"
  hostname    = "queue"
  environment = { RABBITMQ_DEFAULT_USER = "shop", RABBITMQ_DEFAULT_PASS = var.queue_password }
  networks    = [network.back]
  ulimits     = { nofile = 65536 }
  mem_limit   = "512m"
  logging { options = local.log }
  ready { healthy = true }

  ports {
    target    = 15672
    published = 15672
    host_ip   = "127.0.0.1"
  }

  mount {
    source = volume.queue
    target = "/var/lib/rabbitmq"
  }

  healthcheck {
    test     = ["CMD", "rabbitmq-diagnostics", "-q", "ping"]
    interval = "10s"
    timeout  = "5s"
    retries  = 5
  }
}

container "search" {
  image       = "getmeili/meilisearch:v1.10"
  environment = { MEILI_NO_ANALYTICS = true }
  networks    = [network.back]
  mem_limit   = "1g"
  logging { options = local.log }

  mount {
    source = volume.search
    target = "/meili_data"
  }
}

container "mail" {
  image     = "axllent/mailpit:v1.20"
  networks  = [network.back]
  mem_limit = "128m"
  logging { options = local.log }

  ports {
    target    = 8025
    published = 8025
    host_ip   = "127.0.0.1"
  }
}
