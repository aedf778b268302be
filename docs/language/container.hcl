container "web" {
  image             = "nginx:1.27"
  environment       = { TZ = "Europe/Berlin" }
  mem_limit         = "256m"
  cpus              = 0.5
  cap_drop          = ["ALL"]
  cap_add           = ["NET_BIND_SERVICE"]
  read_only         = true
  tmpfs             = ["/run", "/var/cache/nginx:size=16m"]
  stop_grace_period = "30s"
  ulimits           = { nofile = { soft = 1024, hard = 4096 } }

  ports {
    target    = 80
    published = 8080
    host_ip   = "127.0.0.1"
  }

  healthcheck {
    test     = ["CMD", "wget", "-q", "-O", "/dev/null", "http://localhost"]
    interval = "10s"
    retries  = 3
  }

  logging {
    driver  = "json-file"
    options = { max-size = "10m", max-file = "3" }
  }

  blkio_config {
    device_write_bps {
      path = "/dev/sda"
      rate = "20m"
    }
  }
}

container "probe" {
  image        = "alpine"
  command      = ["sleep", "infinity"]
  network_mode = container.web # shares its network, and its PIDs
  pid          = container.web
}
