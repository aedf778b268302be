container "c" {
  image "bash"
  user: "x"
}
