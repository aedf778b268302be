container "c" {
  image = "bash
}
container "d" {
  image = bash"
  command = [
}
