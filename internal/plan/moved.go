package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Moved compares two documents of [Plan.JSON], of which the first was made
// earlier, and says of each address that is planned otherwise now how: one line
// each, in the order of the addresses; nil where there is none.
func Moved(before, now []byte) ([]string, error) {
	then, err := changesOf(before)
	if err != nil {
		return nil, err
	}
	today, err := changesOf(now)
	if err != nil {
		return nil, err
	}
	all := map[string]bool{}
	for address := range then {
		all[address] = true
	}
	for address := range today {
		all[address] = true
	}
	var out []string
	for _, address := range sortedKeys(all) {
		if how := movedHow(then[address], today[address]); how != "" {
			out = append(out, address+": "+how)
		}
	}
	return out, nil
}

func changesOf(document []byte) (map[string]changeDocument, error) {
	var d struct {
		ResourceChanges []changeDocument `json:"resource_changes"`
	}
	if err := json.Unmarshal(document, &d); err != nil {
		return nil, fmt.Errorf("reading a plan: %w", err)
	}
	out := map[string]changeDocument{}
	for _, c := range d.ResourceChanges {
		key := c.Address
		if _, again := out[key]; again {
			key += " (" + c.Object + ")"
		}
		out[key] = c
	}
	return out, nil
}

func movedHow(then, now changeDocument) string {
	was, is := strings.Join(then.Change.Actions, " and "), strings.Join(now.Change.Actions, " and ")
	switch {
	case then.Address == "" && is == string(None), now.Address == "" && was == string(None):
		return ""
	case then.Address == "":
		return "the plan has nothing about it, and now there would be: " + is + because(now)
	case now.Address == "", was != is && is == string(None):
		return "the plan says " + was + ", and now there is nothing to do"
	case was != is && was == string(None):
		return "the plan leaves it as it is, and now there would be: " + is + because(now)
	case was != is:
		return "the plan says " + was + ", and now there would be: " + is + because(now)
	case then.Object != now.Object:
		return "it is another object now"
	case is != string(None) && !same(then, now): // who else uses what stays as it is, changes nothing
		return "other values would change now" + because(now)
	}
	return ""
}

func because(c changeDocument) string {
	if c.ActionReason == "" {
		return ""
	}
	return " (" + c.ActionReason + ")"
}

func same(a, b changeDocument) bool {
	x, err := json.Marshal(a)
	if err != nil {
		return false
	}
	y, err := json.Marshal(b)
	return err == nil && bytes.Equal(x, y)
}
