container "a" {
  image             = "nginx"
  mem_limit         = "lots"
  stop_signal       = "SIGNOTHING"
  stop_grace_period = "5"
  restart           = "sometimes"
  working_dir       = "relative"
  cap_add           = ["CAP_NOTHING"]
  ulimits           = { nofile = -5 }
}
