job "j" { image = "bash" }
container "c" {
  image    = "bash"
  name     = job.j.stdout
  networks = job.j.exit_code == 0 ? [network.a] : [network.b]
  command  = [job.j.stdout]
  mount {
    source = "/srv/${job.j.stdout}"
    target = "/x"
  }
}
network "a" {}
network "b" {}
