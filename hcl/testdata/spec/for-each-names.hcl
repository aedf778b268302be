container "web" {
  for_each = toset(["Grün & Blau", "a.b_c", "...", "x"])
  image    = "bash"
}
image "i" {
  for_each = toset(["Big"])
  from     = "bash"
}
