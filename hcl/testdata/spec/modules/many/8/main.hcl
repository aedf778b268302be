container "x8" { image = "bash" }
moved {
  from = container.x0
  to   = container.x1
}
moved {
  from = container.x1
  to   = container.x2
}
moved {
  from = container.x2
  to   = container.x3
}
moved {
  from = container.x3
  to   = container.x4
}
moved {
  from = container.x4
  to   = container.x5
}
moved {
  from = container.x5
  to   = container.x6
}
moved {
  from = container.x6
  to   = container.x7
}
moved {
  from = container.x7
  to   = container.x8
}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
locals {}
