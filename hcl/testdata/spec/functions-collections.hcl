output "lists" {
  value = [concat(["a"], ["b"]), length([1, 2]), contains(["a"], "a"), distinct(["a", "a"]), flatten([[1], [2, [3]]]), reverse([1, 2]), sort(["b", "a"]), element(["a", "b"], 3), slice([1, 2, 3], 1, 2), range(3)]
}
output "maps" {
  value = [keys({ b = 1, a = 2 }), values({ b = 1, a = 2 }), lookup({ a = 1 }, "b", 9), merge({ a = 1 }, { a = 2, b = 3 }), zipmap(["a"], [1])]
}
output "sets" {
  value = [setunion(["a"], ["b"]), setintersection(["a", "b"], ["b"]), setsubtract(["a", "b"], ["b"])]
}
output "numbers" {
  value = [min(2, 1), max(2, 1), ceil(1.2), floor(1.8), abs(-1), parseint("ff", 16)]
}
