output "text" {
  value = file("context/Dockerfile")
}
output "there" {
  value = [fileexists("context/Dockerfile"), fileexists("nothing")]
}
output "hash" {
  value = substr(filesha256("context/Dockerfile"), 0, 0)
}
output "base" {
  value = [basename("/a/b.txt"), dirname("/a/b.txt"), pathjoin("a", "..", "b")]
}
