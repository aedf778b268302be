# Files of variables that cannot be read say where and why; one that may be missing is no problem.
container "missing" {
  image    = "bash"
  env_file = ["context/nothing.env"]
}
container "directory" {
  image    = "bash"
  env_file = ["context"]
}
container "broken" {
  image    = "bash"
  env_file = ["context/broken.env"]
}
container "optional" {
  image    = "bash"
  env_file = [{ path = "context/nothing.env", required = false }]
}
