volume "data" {}

job "migrate" {
  image   = "example/app"
  command = ["migrate"]
}

container "app" {
  image      = "example/app"
  depends_on = [job.migrate]

  mount {
    source = volume.data
    target = "/data"
  }

  lifecycle {
    prevent_destroy      = true
    ignore_changes       = [labels]
    replace_triggered_by = [volume.data]
  }
}
