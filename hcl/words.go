package hcl

// What is parsed is a tree that takes much more than its text, so that the words
// and signs of a file are bounded as well as its bytes: of a plain file, which is
// parsed in parts, and of another, which is parsed as a whole.
const (
	maxWords      = 600_000
	maxWordsWhole = 250_000
	// maxDigits bounds a row of digits: reading a number takes the square of its length.
	maxDigits = 5000
)

// countWords counts words and signs, at most a little more than the parser finds, and
// says where a row of digits is too long; -1 where none is. In texts it counts, too.
func countWords(src []byte) (n, digits int) {
	inWord, row := false, 0
	for i, c := range src {
		switch {
		case c >= '0' && c <= '9':
			if row++; row > maxDigits {
				return n, i - maxDigits
			}
			fallthrough
		case c == '_', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= 0x80:
			if c < '0' || c > '9' {
				row = 0
			}
			if !inWord {
				n++
			}
			inWord = true
			continue
		case c != ' ' && c != '\t' && c != '\r':
			n++
		}
		inWord, row = false, 0
	}
	return n, -1
}
