# Airflow's DockerOperator: mount_tmp_dir mounts a directory of the worker's own /tmp.
daemon "host" {
  socket = "/var/run/docker.sock"
}

controller "runner" {
  daemon = daemon.host
  image  = "apache/airflow"

  mount {
    source = "/srv/airflow/dags"
    target = "/opt/airflow/dags"
  }
}

job "step" {
  controller = controller.runner
  image      = "alpine"

  mount {
    source = "/tmp/airflowtmp"
    target = "/mnt"
  }
}
