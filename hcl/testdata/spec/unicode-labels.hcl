container "größe" {
  image = "bash"
}
container "with-dash_9" {
  image = "bash"
}
