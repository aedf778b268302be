# flags: -version 1.2.3
project {
  required_version = ">= 2"
}
