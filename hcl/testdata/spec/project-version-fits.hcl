project {
  required_version = "~> 1.2, != 1.2.4"
}
