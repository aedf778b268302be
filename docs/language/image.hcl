image "tool" {
  build {
    context = "./tool"
    args    = { VERSION = "1.2" }
  }
}

job "tool" {
  image = image.tool
}
