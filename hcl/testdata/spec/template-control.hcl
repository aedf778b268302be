output "if" {
  value = "%{if true}yes%{else}no%{endif}"
}
output "unfinished" {
  value = "%{if true}yes"
}
