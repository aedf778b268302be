package docker

import (
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// redactor returns what takes the secrets of a declaration, and of what it refers
// to, out of a line.
func redactor(decl provider.Declaration) func(string) string {
	secrets := secretsOf(decl.Declared, false)
	for _, address := range sortedKeys(decl.Related) {
		secrets = append(secrets, secretsOf(decl.Related[address].Declared, false)...)
	}
	var pairs []string
	for _, secret := range secrets {
		pairs = append(pairs, secret, "(sensitive)")
	}
	if len(pairs) == 0 {
		return func(line string) string { return line }
	}
	replacer := strings.NewReplacer(pairs...)
	return replacer.Replace
}

// secretsOf lists the texts below sensitive marks; very short ones would tear holes everywhere.
func secretsOf(v cty.Value, secret bool) []string {
	v, marks := v.Unmark()
	if _, marked := marks[provider.Sensitive]; marked {
		secret = true
	}
	if v == cty.NilVal || v.IsNull() || !v.IsKnown() {
		return nil
	}
	if v.Type() == cty.String {
		if secret && len(v.AsString()) >= 4 {
			return strings.Split(v.AsString(), "\n")
		}
		return nil
	}
	if !v.CanIterateElements() {
		return nil
	}
	var out []string
	for it := v.ElementIterator(); it.Next(); {
		_, element := it.Element()
		for _, text := range secretsOf(element, secret) {
			if len(text) >= 4 {
				out = append(out, text)
			}
		}
	}
	return out
}
