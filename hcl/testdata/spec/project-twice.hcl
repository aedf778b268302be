# flags: -project other
project {
  name = "mine"
}
