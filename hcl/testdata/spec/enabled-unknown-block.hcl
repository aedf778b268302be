container "off" {
  enabled = false
  imag    = "bash"
  command = "text"
}
