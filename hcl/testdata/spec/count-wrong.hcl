container "negative" {
  count = -1
  image = "bash"
}
container "fraction" {
  count = 1.5
  image = "bash"
}
container "text" {
  count = "many"
  image = "bash"
}
container "null" {
  count = null
  image = "bash"
}
container "unknown" {
  count = length(container.plain.ports)
  image = "bash"
}
container "plain" { image = "bash" }
container "huge" {
  count = 1000000
  image = "bash"
}
