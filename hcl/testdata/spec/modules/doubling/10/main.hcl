volume "v" {}
