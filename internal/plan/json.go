package plan

import (
	"encoding/json"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/dindctl/dindctl/provider"
)

// FormatVersion is the version of the JSON document of a plan. Fields may be
// added within one major version.
const FormatVersion = "1.0"

type document struct {
	FormatVersion   string                    `json:"format_version"`
	Project         string                    `json:"project"`
	Engine          engineDocument            `json:"engine"`
	Clean           bool                      `json:"clean"`
	ResourceChanges []changeDocument          `json:"resource_changes"`
	OutputChanges   map[string]outputDocument `json:"output_changes"`
	Kept            []keptDocument            `json:"kept"`
	Unread          []unreadDocument          `json:"unread"`
	Foreign         []foreignDocument         `json:"foreign,omitempty"`
	Stopped         []stoppedDocument         `json:"stopped,omitempty"`
	Left            []string                  `json:"left,omitempty"`
	Waits           []string                  `json:"waits,omitempty"` // addresses that an apply waits for, and does not start
	NotCompared     []notComparedDocument     `json:"not_compared,omitempty"`
	Exposed         []exposedDocument         `json:"exposed,omitempty"`
}

// notComparedDocument is a sensitive argument of which nothing tells whether it changed.
type notComparedDocument struct {
	Address string `json:"address"`
	Path    string `json:"path"`
	Why     string `json:"why"`
	Advice  string `json:"advice"` // a flag; empty where that would lose data
	Loses   string `json:"data_loss,omitempty"`
}

// exposedDocument is a sensitive value that something still holds openly.
type exposedDocument struct {
	Address string `json:"address"`
	Path    string `json:"path"`
	Where   string `json:"where"`
	Advice  string `json:"advice"` // a flag; empty where that would lose data
	Loses   string `json:"data_loss,omitempty"`
}

// foreignDocument is an object that bears the project's labels and is not the project's.
type foreignDocument struct {
	Address string        `json:"address"` // that its labels name
	Type    provider.Kind `json:"type"`
	Name    string        `json:"name"`
	Object  string        `json:"object"`
	Inside  string        `json:"inside,omitempty"`
	Why     string        `json:"why"`
}

// stoppedDocument is why nothing is done about an address and what needs it.
type stoppedDocument struct {
	Address string `json:"address"`
	Code    string `json:"code"`
	Summary string `json:"summary"`
	Detail  string `json:"detail"`
}

type engineDocument struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Endpoint string `json:"endpoint"`
	Chosen   string `json:"chosen"`
}

type changeDocument struct {
	Address      string              `json:"address"`
	Type         string              `json:"type"`
	Name         string              `json:"name"`
	Inside       string              `json:"inside,omitempty"`
	Object       string              `json:"object,omitempty"` // the id of what exists
	Change       actionDocument      `json:"change"`
	Reason       Reason              `json:"reason,omitempty"`
	ActionReason string              `json:"action_reason,omitempty"`
	Previous     string              `json:"previous_address,omitempty"`
	Cause        []attributeDocument `json:"cause"`
	Tentative    bool                `json:"tentative,omitempty"`
	DataLoss     string              `json:"data_loss,omitempty"`
	Users        []string            `json:"users,omitempty"` // that are not the project's
	Hides        string              `json:"hides,omitempty"`
	Hidden       []string            `json:"hidden,omitempty"`
	Others       []otherDocument     `json:"others_inside,omitempty"`
}

// otherDocument is what is inside a daemon that goes down, and not the project's.
type otherDocument struct {
	Type    provider.Kind `json:"type"`
	Name    string        `json:"name"`
	Inside  string        `json:"inside"`
	Whose   string        `json:"whose,omitempty"`
	Running bool          `json:"running"`
}

type actionDocument struct {
	Actions      []string        `json:"actions"`
	Before       json.RawMessage `json:"before"`
	After        json.RawMessage `json:"after"`
	AfterUnknown bool            `json:"after_unknown"`
	ReplacePaths [][]string      `json:"replace_paths"`
}

type attributeDocument struct {
	Path  string          `json:"path"`
	Cause provider.Cause  `json:"cause"`
	From  json.RawMessage `json:"from"`
	To    json.RawMessage `json:"to"`
	// Applied is what was declared when it was made, or last changed as it stands.
	Applied   json.RawMessage `json:"applied"`
	Sensitive bool            `json:"sensitive,omitempty"`
	Live      bool            `json:"live"`
}

type outputDocument struct {
	After        json.RawMessage `json:"after"`
	AfterUnknown bool            `json:"after_unknown"`
}

type keptDocument struct {
	Address string `json:"address"`
	Name    string `json:"name"`
	Inside  string `json:"inside,omitempty"`
	Why     string `json:"why"`
}

type unreadDocument struct {
	Address string `json:"address"`
	Why     string `json:"why"`
	Goes    bool   `json:"goes,omitempty"` // with all that is inside
}

// JSON is the plan as one document, with Terraform's names where it has them.
// Sensitive values are null.
func (p *Plan) JSON() ([]byte, error) {
	doc := document{
		FormatVersion: FormatVersion, Project: p.Project, Clean: p.Clean,
		Engine:          engineDocument{ID: p.Engine.ID, Name: p.Engine.Name, Endpoint: p.Engine.Endpoint, Chosen: p.Engine.Chosen},
		ResourceChanges: []changeDocument{}, OutputChanges: map[string]outputDocument{}, Kept: []keptDocument{}, Unread: []unreadDocument{},
		Left: p.Left, Waits: p.Waits(),
	}
	for _, r := range p.Shown() {
		doc.ResourceChanges = append(doc.ResourceChanges, changeOf(r))
	}
	for _, o := range p.Outputs {
		doc.OutputChanges[o.Name] = outputDocument{masked(o.Value, o.Sensitive), !o.Value.IsWhollyKnown()}
	}
	for _, k := range p.Kept {
		doc.Kept = append(doc.Kept, keptDocument{k.Address, k.Name, k.Inside, k.Why})
	}
	for _, u := range p.Unread {
		doc.Unread = append(doc.Unread, unreadDocument(u))
	}
	for _, f := range p.Foreign {
		doc.Foreign = append(doc.Foreign, foreignDocument{f.Address, f.Kind, f.Name, f.ID, f.Inside, f.Why})
	}
	for _, s := range p.Stopped {
		doc.Stopped = append(doc.Stopped, stoppedDocument{s.Address, s.Code, s.Summary, s.Detail})
	}
	for _, r := range p.Resources {
		for _, n := range r.NotCompared {
			doc.NotCompared = append(doc.NotCompared, notComparedDocument{r.Address, n.Path, n.Why, r.Anew(), r.Loses})
		}
		for _, path := range r.Exposed {
			doc.Exposed = append(doc.Exposed, exposedDocument{r.Address, path, ExposedBy, r.Anew(), r.Loses})
		}
	}
	return json.MarshalIndent(doc, "", "  ")
}

func changeOf(r Resource) changeDocument {
	out := changeDocument{
		Address: r.Address, Type: string(r.Kind), Name: r.Name, Inside: r.Inside, Reason: r.Reason, ActionReason: r.Cause,
		Tentative: r.Tentative, DataLoss: r.DataLoss, Previous: r.MovedFrom, Cause: []attributeDocument{},
		Change: actionDocument{Actions: actionsOf(r), Before: null(), After: null(), ReplacePaths: [][]string{}},
	}
	if r.Before != nil {
		out.Object, out.Users = r.Before.ID, r.Before.Users
		out.Change.Before = specDocument(r.Secrets.Record(r.Before.Owner.Spec))
	}
	if r.After != nil {
		out.Change.After = masked(r.Secrets.Object(r.After.Declared), false)
		out.Change.AfterUnknown = !r.After.Declared.IsWhollyKnown()
	}
	out.Hides, out.Hidden = r.Inner.Hidden, r.Inner.Own
	for _, o := range r.Inner.Others {
		out.Others = append(out.Others, otherDocument{o.Kind, o.Name, o.Inside, o.Whose, o.Running})
	}
	for _, c := range r.Changes {
		out.Cause = append(out.Cause, attributeDocument{
			Path: c.Path, Cause: c.Cause, From: masked(c.From, c.Sensitive), To: masked(c.To, c.Sensitive),
			Applied: masked(c.Created, c.Sensitive), Sensitive: hides(c), Live: c.Effect == provider.Live,
		})
		if c.Effect == provider.Replace {
			out.Change.ReplacePaths = append(out.Change.ReplacePaths, []string{c.Path})
		}
	}
	return out
}

// hides tells whether something of a change is not shown.
func hides(c provider.Change) bool {
	return c.Sensitive || provider.HasMarks(c.From) || provider.HasMarks(c.To) || provider.HasMarks(c.Created)
}

func actionsOf(r Resource) []string {
	switch r.Action {
	case Replace:
		return []string{"delete", "create"}
	case Run:
		if r.Before != nil {
			return []string{"delete", "create"}
		}
		return []string{"create"}
	case Start, Update:
		return []string{"update"}
	case None, Create, Delete, Restart, Wait, Stop:
	}
	return []string{string(r.Action)}
}

func specDocument(spec []byte) json.RawMessage {
	if !json.Valid(spec) {
		return null()
	}
	return spec
}

// masked is a value as JSON: null for what is sensitive or not known.
func masked(v cty.Value, sensitive bool) json.RawMessage {
	if sensitive || v == cty.NilVal {
		return null()
	}
	v, err := cty.Transform(v, func(_ cty.Path, part cty.Value) (cty.Value, error) {
		if part.IsMarked() || !part.IsKnown() {
			return cty.NullVal(part.Type()), nil
		}
		return part, nil
	})
	if err != nil {
		return null()
	}
	text, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		return null()
	}
	return text
}

func null() json.RawMessage { return json.RawMessage("null") }
