package docker

import (
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/provider"
)

// Records are read from labels, which everybody can write who can make an object:
// each is measured before it is decoded. A record of ours keeps within these bounds,
// for one that does not is not written (recordFits).
const (
	specDepth   = 64
	specValues  = 100_000
	specDigits  = 400 // a number is written out whole: 1e308 has 309
	labelLimit  = 64 << 10
	nameLimit   = 4 << 10 // of an address, an origin, a nonce
	depsLimit   = 10_000
	chosenDepth = 32
)

// recordsLimit bounds what all records of one answer unpack to, together.
const recordsLimit = 64 << 20

// specBounds are those of a record, unpacked.
func specBounds() bounds {
	return bounds{bytes: specLimit, depth: specDepth, values: specValues, number: specDigits}
}

// measuredSpec unpacks a record as a label has it, and keeps within bounds while it does.
func measuredSpec(text string) ([]byte, error) {
	if text == "" || strings.HasPrefix(text, "{") {
		return []byte(text), specBounds().within(text)
	}
	if len(text) > specLimit {
		return nil, errOutOfBounds{fmt.Sprintf("it is longer than %d KiB", specLimit>>10)}
	}
	r, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(text)))
	if err != nil {
		return nil, fmt.Errorf("unpacking a record: %w", err)
	}
	spec, err := readBounded(r, specBounds())
	if err != nil {
		return nil, fmt.Errorf("unpacking a record: %w", err)
	}
	return spec, nil
}

// recordReader goes through the labels of one answer.
type recordReader struct {
	left  int  // bytes that records may still unpack to
	spent bool // there were more: the answer is given up, for whose record it is is chance
}

func newRecordReader() *recordReader { return &recordReader{left: recordsLimit} }

// bounded are labels of which those of ours keep within bounds. A record that does
// not is left out, and the rest is marked: it counts for nothing.
func (r *recordReader) bounded(labels map[string]string) map[string]string {
	spoiled := labelsOutOfBounds(labels)
	for _, name := range recordLabels() {
		if text := labels[name]; text != "" && !r.takes(text) {
			spoiled = append(spoiled, name)
		}
	}
	if len(spoiled) == 0 {
		return labels
	}
	out := maps.Clone(labels)
	for _, name := range spoiled {
		delete(out, name)
	}
	out[labelSpoiled] = spoiled[0]
	return out
}

// recordLabels are those that hold what is unpacked.
func recordLabels() []string { return []string{labelSpec, changedSpec} }

func (r *recordReader) takes(text string) bool {
	spec, err := measuredSpec(text)
	if err != nil {
		return false
	}
	if len(spec) > r.left {
		r.spent = true
		return false
	}
	r.left -= len(spec)
	return true
}

// labelsOutOfBounds are the labels of ours that are longer than any that we write,
// but for records themselves.
func labelsOutOfBounds(labels map[string]string) []string {
	var out []string
	for name, text := range labels {
		if !ourLabel(name) || slices.Contains(recordLabels(), name) {
			continue
		}
		fits := len(text) <= labelLimit
		switch name {
		case labelProject, labelAddress, labelKind, labelOrigin, labelRun, labelSchema, labelCreated, labelPlace, stoppedAddress, changedAddress, followsAddress, wholeAddress:
			fits = len(text) <= nameLimit
		case labelDeps:
			fits = len(text) <= specLimit && strings.Count(text, "\n") < depsLimit
		case labelChosen:
			fits = bounds{bytes: labelLimit, depth: chosenDepth, values: specValues, number: specDigits}.within(text) == nil
		}
		if !fits {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// recordFits refuses to make an object whose record nobody would read again.
func recordFits(owner provider.Ownership) error {
	labels := ownerLabels(owner)
	why := ""
	if spoiled := labelsOutOfBounds(labels); len(spoiled) > 0 {
		why = "the label " + spoiled[0] + " would be longer than any that is read"
	} else if err := specBounds().within(string(owner.Spec)); err != nil {
		why = err.Error()
	}
	if why == "" {
		return nil
	}
	return &provider.Problem{
		Code: provider.Invalid, Address: owner.Address, Summary: "The declaration cannot be realised",
		Detail: fmt.Sprintf("What is declared is recorded on the object, and its record would be out of bounds: %s. Declare less, such as a file in place of what it says.", why),
	}
}
