output "escaped" {
  value = "$${a} %%{b} 100% $5"
}
output "unicode" {
  value = "\u00e4 \U0001F40B \" \\ \t"
}
