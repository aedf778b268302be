network "ci" {}
container "c" {
  image    = "bash"
  networks = [network.cii]
  environment = {
    A = network.ci.stdout
    B = network.ci.nmae
    C = var.nothing
    D = local.nothing
    E = netwrk.ci
    F = ci
    G = volume.ci.name
    H = network.ci.name
  }
  depends_on = [container.d]
}
