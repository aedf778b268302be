image "here" {
  build {
    context = "context"
  }
}
image "dockerfile" {
  build {
    context    = "context"
    dockerfile = "Nofile"
  }
}
image "nowhere" {
  build {
    context = "no-such-directory"
  }
}
