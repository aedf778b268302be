package provider

// Spelled is how many bytes are looked for of a text: of its beginning, and of all of it.
func Spelled(text string) (beginning, whole int) {
	for _, form := range beginnings([]string{text})[0] {
		beginning += len(form)
	}
	for _, form := range spellings(text) {
		whole += len(form)
	}
	return beginning, whole
}
