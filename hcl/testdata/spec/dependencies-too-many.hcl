# Every container would need every volume, which is a million and more.
volume "v" { count = 1001 }
container "c" {
  count = 1001
  image = "bash"
  user  = volume.v[count.index].name
}
