network "n" {}

image "app" {
  build {
    dockerfile_inline = "FROM x"
  }

  lifecycle {
    ignore_changes = [build.args, build.labels["a.b"], build.context]
  }
}

container "fine" {
  image    = "x"
  networks = [network.n]

  lifecycle {
    ignore_changes = [
      cpus, environment.LANG, labels["com.example.a"], mount, mount["/k"], mount["/k"].read_only,
      attach["n"].aliases, networks["n"], healthcheck.interval, logging.options["max-size"],
      blkio_config.weight, file["/etc/x"].mode, ulimits.nofile, ports, image, name,
    ]
  }
}

container "wrong" {
  image = "x"

  lifecycle {
    ignore_changes = [
      cpu, cpus.most, mount.read_only, mount["/k"].readonly, mount[0], healthcheck.intervall, ports["80"], ports[0].target,
      dns[0], logging.drivers, blkio_config.device_read_bps["/dev/sda"], networks[0], networks["n"].aliases, image.name,
    ]
  }
}
