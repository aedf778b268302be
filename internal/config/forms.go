package config

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mask"
	"github.com/dindctl/dindctl/provider"
)

// checkForms says of every argument whether its value has the form that the
// schema demands, and whether it stands beside what excludes it.
func (s *state) checkForms(n *noun) diag.List {
	if s.patterns == nil {
		s.patterns = map[string]*regexp.Regexp{}
	}
	f := forms{n: n, patterns: s.patterns, secrets: s.cfg.Secrets}
	f.body(n.body, n.value, "")
	if n.kind == provider.Job {
		f.job()
	}
	return f.problems
}

// forms is the check of one block.
type forms struct {
	n        *noun
	problems diag.List
	patterns map[string]*regexp.Regexp // those of the schema, compiled once
	secrets  *mask.Secrets             // is told the passwords that stand in URLs
}

func (f *forms) body(body provider.Body, value cty.Value, prefix string) {
	for _, a := range body.Attributes {
		if isFree(a) || !f.written(prefix+a.Name) {
			continue
		}
		given, secret := argumentOf(value, a.Name)
		if given.IsNull() {
			continue
		}
		f.values(a, given, prefix+a.Name, secret)
		f.collection(a, given, prefix+a.Name)
		f.limits(a, given, value, prefix)
		f.exclusions(a, given, value, prefix)
	}
	for _, b := range body.Blocks {
		inner := attribute(value, b.Name)
		switch {
		case inner.IsNull():
			continue
		case b.Single:
			f.body(b.Body, inner, prefix+b.Name+".")
			continue
		}
		for i, element := range elements(inner) {
			f.body(b.Body, element, fmt.Sprintf("%s%s[%d].", prefix, b.Name, i))
		}
	}
}

// isFree tells whether an argument takes anything that its type takes. In a list
// of texts nothing may be null, whatever else it takes.
func isFree(a provider.Attribute) bool {
	form := a.Form
	return form.Kind == provider.FormAny && len(form.Excludes) == 0 && form.Keys == "" && form.KeysNot == "" && !a.Type.Equals(cty.List(cty.String))
}

// collection checks the keys of a map and the elements of a list, beyond what each
// of them is by itself.
func (f *forms) collection(a provider.Attribute, given cty.Value, path string) {
	switch t := given.Type(); {
	case !given.IsKnown():
	case t.IsMapType():
		for it := given.ElementIterator(); it.Next(); {
			key, _ := it.Element()
			f.key(a, key.AsString(), path)
		}
	case t.IsListType() && t.ElementType() == cty.String:
		f.list(a, elements(given), path)
	}
}

func (f *forms) key(a provider.Attribute, key, path string) {
	switch {
	case a.Form.KeysNot != "" && strings.HasPrefix(key, a.Form.KeysNot):
		f.invalid(path, fmt.Sprintf("No key of %s begins with %s, where dindctl keeps its own, and %q does. Choose another.", a.Name, a.Form.KeysNot, key))
	case a.Form.Keys != "" && !f.pattern(a.Form.Keys).MatchString(key):
		f.invalid(path, fmt.Sprintf("A key of %s is %s, and %q is not one.", a.Name, a.Form.KeysSay, key))
	}
}

func (f *forms) list(a provider.Attribute, list []cty.Value, path string) {
	for i, element := range list {
		if element.IsNull() {
			f.invalid(path, fmt.Sprintf("Element %d of %s is null. Leave it out, or give it a value.", i, a.Name))
		}
	}
	if len(a.Form.First) == 0 || len(list) == 0 {
		return
	}
	if first, ok := plainText(list[0]); ok && !slices.Contains(a.Form.First, first) {
		f.invalid(path, fmt.Sprintf("%s begins with %s, and not with %s.%s", a.Name, oneOf(a.Form.First), shorten(strconv.Quote(first)), suggest(first, a.Form.First, "")))
	}
}

// maxShown is the longest text that is shown of a value.
const maxShown = 60

func shorten(text string) string {
	if len(text) <= maxShown {
		return text
	}
	return strings.ToValidUTF8(text[:maxShown], "") + "..."
}

// shown is a value in a problem. The password in a URL is not shown, nor where the problem
// shows the line that it stands on; nor is what somebody took for a URL, where the form
// is that of one.
func (f *forms) shown(form provider.Form, text string) string {
	if !strings.Contains(text, "://") && !strings.Contains(form.Pattern, "://") {
		return shorten(strconv.Quote(text))
	}
	hidePassword(f.secrets, text)
	return shorten(strconv.Quote(provider.WithoutPassword(text)))
}

// hidePassword has the password in an address hidden in all that is written from now on.
// A short one is looked for together with what stands around it.
func hidePassword(secrets *mask.Secrets, address string) {
	if password := provider.PasswordIn(address); password != "" {
		secrets.AddAll(cty.TupleVal([]cty.Value{cty.StringVal(password), cty.StringVal(":" + password + "@")}))
	}
}

// written tells whether an argument stands in the block: of a hundred that may,
// few do.
func (f *forms) written(path string) bool {
	_, found := f.n.places[path]
	return found || f.n.places == nil
}

// argumentOf is an argument without its marks, and whether any of it is sensitive.
func argumentOf(value cty.Value, name string) (cty.Value, bool) {
	value, marks := value.Unmark()
	if value == cty.NilVal || value.IsNull() || !value.IsKnown() || !value.Type().IsObjectType() || !value.Type().HasAttribute(name) {
		return cty.NullVal(cty.DynamicPseudoType), false
	}
	given := value.GetAttr(name)
	plain, _ := given.UnmarkDeep()
	return plain, len(marks) > 0 || given.ContainsMarked()
}

func (f *forms) invalid(path, detail string) {
	f.problems = append(f.problems, f.n.problem("invalid-value", path, "Invalid value", detail))
}

// values checks a value, or the elements of a collection, each wrong one once.
func (f *forms) values(a provider.Attribute, given cty.Value, path string, secret bool) {
	switch t := given.Type(); {
	case !given.IsKnown() || a.Form.Kind == provider.FormAny || provider.IsRef(t):
	case a.Form.Kind == provider.FormLimits:
		f.ulimits(a, given, path)
	case t.IsListType() || t.IsTupleType() || t.IsSetType():
		for _, element := range elements(given) {
			f.value(a, element, path, secret)
		}
	case t.IsMapType() || t.IsObjectType():
		for it := given.ElementIterator(); it.Next(); {
			_, element := it.Element()
			f.value(a, element, path, secret)
		}
	default:
		f.value(a, given, path, secret)
	}
}

func (f *forms) value(a provider.Attribute, v cty.Value, path string, secret bool) {
	text, ok := plainText(v)
	if !ok || f.fits(a.Form, text) {
		return
	}
	shown := f.shown(a.Form, text)
	if v.Type() == cty.Number {
		shown = shorten(text)
	}
	if secret {
		shown = "its sensitive value"
	}
	hint := ""
	if !secret {
		hint = suggest(text, a.Form.Words, "")
	}
	f.invalid(path, fmt.Sprintf("%s takes %s, and %s is not one.%s", a.Name, FormWords(a.Form), shown, hint))
}

// plainText is a text, number or flag as text.
func plainText(v cty.Value) (string, bool) {
	if v.IsNull() || !v.IsKnown() {
		return "", false
	}
	switch v.Type() {
	case cty.String:
		return v.AsString(), true
	case cty.Number:
		return v.AsBigFloat().Text('f', -1), true
	case cty.Bool:
		return strconv.FormatBool(v.True()), true
	}
	return "", false
}

// fits tells whether a text has a form.
func (f *forms) fits(form provider.Form, text string) bool {
	if slices.Contains(form.Words, text) {
		return true
	}
	switch form.Kind {
	case provider.FormWord:
		return false
	case provider.FormSize:
		_, ok := sizeOf(text)
		return ok
	case provider.FormDuration:
		return isDuration(text)
	case provider.FormNumber:
		n, err := strconv.ParseFloat(text, 64)
		bounded := form.Min != 0 || form.Max != 0
		return err == nil && (!form.Whole || n == math.Trunc(n)) && (!bounded || n >= form.Min && n <= form.Max)
	case provider.FormText:
		return f.pattern(form.Pattern).MatchString(text)
	case provider.FormRegexp:
		_, err := regexp.Compile(text)
		return err == nil
	case provider.FormAny, provider.FormLimits:
	}
	return true
}

// pattern is a regular expression for the whole of a text.
func (f *forms) pattern(text string) *regexp.Regexp {
	pattern, found := f.patterns[text]
	if !found {
		var err error
		if pattern, err = regexp.Compile(`^(?:` + text + `)$`); err != nil {
			pattern = regexp.MustCompile(``) // a provider's mistake is not the user's
		}
		f.patterns[text] = pattern
	}
	return pattern
}

// FormWords says what values of a form look like: "a size, such as 512m". It is
// empty for the form that takes anything.
func FormWords(form provider.Form) string {
	var words string
	switch form.Kind {
	case provider.FormWord:
		return oneOf(form.Words)
	case provider.FormSize:
		words = "a size, such as 512m or 2g"
	case provider.FormDuration:
		words = "a duration, such as 30s or 1m30s"
	case provider.FormNumber:
		words = numberWords(form)
	case provider.FormText:
		words = form.Says
	case provider.FormRegexp:
		words = "a regular expression, such as listening on .*:80"
	case provider.FormLimits:
		return "a map of limits, such as { nofile = 1024, core = { soft = 0, hard = -1 } }"
	case provider.FormAny:
	}
	if len(form.Words) > 0 {
		words += ", or " + oneOf(form.Words)
	}
	return words
}

func oneOf(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// large is from where on an upper bound says nothing to people.
const large = 1 << 40

func numberWords(form provider.Form) string {
	words := "a number"
	if form.Whole {
		words = "a whole number"
	}
	plain := func(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
	switch {
	case form.Min == 0 && form.Max == 0:
	case form.Max > large && form.Min == 0:
		words += " that is not negative"
	case form.Max > large:
		words += " from " + plain(form.Min) + " on"
	default:
		words += " from " + plain(form.Min) + " to " + plain(form.Max)
	}
	return words
}

// sizeOf reads a size as Compose writes it.
func sizeOf(text string) (float64, bool) {
	text = strings.ToLower(strings.TrimSpace(text))
	digits := strings.TrimRight(text, "bkmgti ")
	unit := strings.TrimSpace(text[len(digits):])
	if len(unit) > 1 {
		unit = strings.TrimSuffix(strings.TrimSuffix(unit, "b"), "i")
	}
	shift, known := map[string]float64{"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}[unit]
	n, err := strconv.ParseFloat(digits, 64)
	return n * shift, known && err == nil && n >= 0 && n*shift <= math.MaxInt64/2
}

func isDuration(text string) bool {
	if seconds, err := strconv.ParseFloat(strings.TrimSpace(text), 64); err == nil {
		return seconds >= 0
	}
	d, err := time.ParseDuration(strings.TrimSpace(text))
	return err == nil && d >= 0
}

// limits compares two sizes of one block.
func (f *forms) limits(a provider.Attribute, given, block cty.Value, prefix string) {
	mine, ok := sizeIn(given)
	if !ok {
		return
	}
	if other, found := sizeIn(attribute(block, a.Form.AtLeast)); found && mine < other {
		f.invalid(prefix+a.Name, fmt.Sprintf("%s is below %s. It counts that too, and cannot be less.", a.Name, a.Form.AtLeast))
	}
	if other, found := sizeIn(attribute(block, a.Form.AtMost)); found && mine > other {
		f.invalid(prefix+a.Name, fmt.Sprintf("%s is above %s. It cannot be more.", a.Name, a.Form.AtMost))
	}
	if a.Form.AtLeast != "" && !given.IsNull() && !givenAt(block, a.Form.AtLeast) {
		f.problems = append(f.problems, f.n.problem("missing-argument", prefix+a.Name, "Missing argument",
			fmt.Sprintf("%s needs %s beside it.", a.Name, a.Form.AtLeast)))
	}
}

func sizeIn(v cty.Value) (float64, bool) {
	text, ok := textOf(v)
	if !ok {
		return 0, false
	}
	return sizeOf(text)
}

func givenAt(block cty.Value, name string) bool { return !attribute(block, name).IsNull() }

// exclusions says what an argument stands beside and cannot.
func (f *forms) exclusions(a provider.Attribute, given, block cty.Value, prefix string) {
	word, known := plainText(given)
	if provider.IsRef(given.Type()) {
		word, known = "*", true
	}
	for _, e := range a.Form.Excludes {
		if len(e.Words) > 0 && (!known || !slices.Contains(e.Words, word)) {
			continue
		}
		for _, name := range e.Names {
			if !givenAt(block, name) {
				continue
			}
			what := a.Name
			switch {
			case word == "*":
				what += " of another container"
			case len(e.Words) > 0:
				what += " = " + word
			}
			path := prefix + name
			if f.n.rangeOf(path) == f.n.header() { // a block that may stand several times
				path += "[0]"
			}
			f.problems = append(f.problems, f.n.problem("conflicting-arguments", path, "Arguments that exclude each other",
				fmt.Sprintf("%s cannot stand beside %s: %s. Take one of them away.", name, what, e.Why)))
		}
	}
}

// ulimits checks limits by name, each a whole number or { soft, hard }.
func (f *forms) ulimits(a provider.Attribute, given cty.Value, path string) {
	if !given.Type().IsObjectType() && !given.Type().IsMapType() {
		f.invalid(path, fmt.Sprintf("%s takes %s.", a.Name, FormWords(a.Form)))
		return
	}
	for it := given.ElementIterator(); it.Next(); {
		key, v := it.Element()
		name := key.AsString()
		if !slices.Contains(a.Form.Words, name) {
			f.invalid(path, fmt.Sprintf("There is no limit %q.%s Limits are %s.", name, suggest(name, a.Form.Words, ""), strings.Join(a.Form.Words, ", ")))
			continue
		}
		if !v.IsWhollyKnown() || v.IsNull() {
			continue
		}
		if why := limitWrong(v); why != "" {
			f.invalid(path, fmt.Sprintf("The limit %s %s.", name, why))
		}
	}
}

// limitWrong says what is wrong with one limit; empty for nothing.
func limitWrong(v cty.Value) string {
	soft, hard := v, v
	if v.Type().IsObjectType() || v.Type().IsMapType() {
		parts := v.AsValueMap()
		for name := range parts {
			if name != "soft" && name != "hard" {
				return fmt.Sprintf("has soft and hard, not %q", name)
			}
		}
		var found bool
		if soft, found = parts["soft"]; !found {
			return "has no soft"
		}
		if hard, found = parts["hard"]; !found {
			hard = soft
		}
	}
	low, lowOK := limitOf(soft)
	high, highOK := limitOf(hard)
	switch {
	case !lowOK || !highOK:
		return "takes a whole number from -1 (no limit) on, or { soft, hard }"
	case high >= 0 && (low > high || low < 0):
		return fmt.Sprintf("has a soft value, %v, above its hard one, %v", low, high)
	}
	return ""
}

func limitOf(v cty.Value) (float64, bool) {
	text, ok := plainText(v)
	n, err := strconv.ParseFloat(text, 64)
	return n, ok && err == nil && n == math.Trunc(n) && n >= -1
}

// job refuses what contradicts that a job runs and ends, and that its output is read.
func (f *forms) job() {
	if restart := text(f.n.value, "restart"); restart != "" && restart != "no" {
		f.problems = append(f.problems, f.n.problem("conflicting-arguments", "restart", "Arguments that exclude each other",
			fmt.Sprintf("A job runs and ends, and restart = %q would start it again. Use retries, or a container block.", restart)))
	}
	driver := text(attribute(f.n.value, "logging"), "driver")
	if driver != "" && driver != "json-file" && driver != "local" {
		f.invalid("logging.driver", fmt.Sprintf("A job's output is read from its log: the driver is json-file or local, not %q.", driver))
	}
}
