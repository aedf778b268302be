job "smoke" {
  image   = "alpine"
  command = ["echo", "ok"]
}

check "smoke" {
  assert {
    condition     = job.smoke.stdout == "ok\n"
    error_message = "The smoke test said ${job.smoke.stdout}"
  }
}
