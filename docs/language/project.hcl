project {
  name             = "ci"
  required_version = ">= 0.1"
  context          = "build-server"
}
