# Whatever is made of what a job says, for_each of it is said to come too late, in words
# that a configuration has: no type of the program's own.
job "x" {
  image   = "bash"
  command = ["ls"]
}
container "split" {
  for_each = toset(split(",", job.x.stdout))
  image    = "bash"
}
container "joined" {
  for_each = toset(concat(["a"], split(",", job.x.stdout)))
  image    = "bash"
}
container "decoded" {
  for_each = toset(jsondecode(job.x.stdout).names)
  image    = "bash"
}
container "map" {
  for_each = { for name in split(",", job.x.stdout) : name => name }
  image    = "bash"
}
container "one" {
  for_each = toset([job.x.stdout])
  image    = "bash"
}
container "number" {
  count = length(split(",", job.x.stdout))
  image = "bash"
}
container "nulls" {
  for_each = toset([null])
  image    = "bash"
}
