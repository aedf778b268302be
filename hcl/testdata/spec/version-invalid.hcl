project {
  required_version = "new"
}
