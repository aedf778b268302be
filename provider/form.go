package provider

// Form says which values an argument takes, beyond its type. It is checked
// before any engine is asked, for a value itself, for each element of a list and
// for each value of a map. The zero form takes anything. Texts are compared as they are.
type Form struct {
	Kind FormKind `json:"kind,omitempty"`
	// Words are the texts that a word may be; for other kinds, texts that are taken beside.
	Words []string `json:"words,omitempty"`
	// Pattern is a regular expression (RE2) that a text matches as a whole; Says
	// describes it: "a capability, such as NET_ADMIN".
	Pattern string `json:"pattern,omitempty"`
	Says    string `json:"says,omitempty"`
	// Min and Max bound a number, both inclusive; where both are 0, nothing does.
	Min   float64 `json:"min,omitempty"`
	Max   float64 `json:"max,omitempty"`
	Whole bool    `json:"whole,omitempty"` // no fractions
	// Keys is a regular expression (RE2) that the keys of a map match as a whole, and
	// KeysSay describes it; KeysNot is a beginning that none of them may have.
	Keys    string `json:"keys,omitempty"`
	KeysSay string `json:"keys_say,omitempty"`
	KeysNot string `json:"keys_not,omitempty"`
	// First are the texts that a list, where it is not empty, begins with one of.
	First []string `json:"first,omitempty"`
	// AtLeast and AtMost name an argument of the same block, a size too, that this
	// one may not be below or above.
	AtLeast string `json:"at_least,omitempty"`
	AtMost  string `json:"at_most,omitempty"`
	// Excludes are arguments and blocks beside which this one cannot stand.
	Excludes []Exclusion `json:"excludes,omitempty"`
}

// FormKind is how a value is read.
type FormKind string

// The forms of values.
const (
	FormAny      FormKind = ""
	FormWord     FormKind = "word"     // one of a few
	FormSize     FormKind = "size"     // bytes: 512m, 2g, 65536
	FormDuration FormKind = "duration" // 30s, 1m30s, or a number of seconds
	FormNumber   FormKind = "number"
	FormText     FormKind = "text"   // as a pattern says
	FormRegexp   FormKind = "regexp" // a regular expression (RE2)
	FormLimits   FormKind = "limits" // a map by name, of those in Words, to a whole number or { soft, hard }
)

// Exclusion is what an argument cannot stand beside.
type Exclusion struct {
	// Words are the values for which that holds; empty: for all. "*" stands for a reference.
	Words []string `json:"words,omitempty"`
	// Names are the arguments and blocks of the same block.
	Names []string `json:"names,omitempty"`
	// Why is a clause: "the container has no network of its own".
	Why string `json:"why,omitempty"`
}
