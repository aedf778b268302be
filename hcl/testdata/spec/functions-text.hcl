output "text" {
  value = [upper("a"), title("ab cd"), trimspace(" x "), replace("a-b", "-", "+"), format("%03d|%s", 7, "x"), join(",", ["a", "b"]), split(",", "a,b")]
}
output "base64" {
  value = [base64encode("häh"), base64decode("eA==")]
}
output "json" {
  value = [jsonencode({ a = [1, true, null] }), jsondecode("{\"b\":2}").b]
}
output "hash" {
  value = [md5("a"), sha1("a"), sha256("")]
}
output "regex" {
  value = regexall("[a-z]+", "ab 12 cd")
}
