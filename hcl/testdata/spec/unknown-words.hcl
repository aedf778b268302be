deamon "x" {}
project {
  nmae = "p"
}
container "c" {
  image = "bash"
  comand = ["true"]
  for_each = {}
  mount {
    source = "./x"
    target = "/x"
    readonly = true
  }
}
module "m" {
  source = "./m"
}
