// Package errorpages holds the pages that explain kinds of problems, so that
// `dindctl explain` can print them where there is no network.
package errorpages

import (
	"embed"
	"strings"
)

//go:embed *.md
var files embed.FS

// Page is the page of a code, as Markdown; false where there is none.
func Page(code string) (string, bool) {
	if code == "README" || strings.ContainsAny(code, "/\\.") {
		return "", false
	}
	text, err := files.ReadFile(code + ".md")
	return string(text), err == nil
}

// Index is the list of all codes, as Markdown.
func Index() string {
	text, err := files.ReadFile("README.md")
	if err != nil {
		return ""
	}
	return string(text)
}
