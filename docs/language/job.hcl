daemon "dind" {
  image = "docker:28-dind"

  mount {
    source = "."
    target = "/repo"
  }
}

job "build" {
  inside   = daemon.dind
  image    = "golang:1.25"
  command  = ["go", "build", "./..."]
  timeout  = "10m"
  retries  = 2
  triggers = { version = "1.2" }

  mount {
    source = "/repo"
    target = "/repo"
  }
}

output "log" {
  value = job.build.stdout
}
