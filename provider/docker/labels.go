package docker

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/dindctl/dindctl/provider"
)

// The labels that every object of ours bears. Docker never changes a label, so
// they tell what was true when the object was made.
const (
	labelPrefix  = "dev.dindctl."
	labelProject = labelPrefix + "project"
	labelAddress = labelPrefix + "address"
	labelKind    = labelPrefix + "kind"
	labelOrigin  = labelPrefix + "origin"
	labelSpec    = labelPrefix + "spec"
	labelDeps    = labelPrefix + "deps"
	labelRun     = labelPrefix + "run"
	labelSchema  = labelPrefix + "schema"
	// From schema 2 on: what the object was called when it was made, and the daemon that
	// it was made in. Images are tagged under labelName, which what is made from them inherits.
	labelCreated = labelPrefix + "created-name"
	labelPlace   = labelPrefix + "place"
	// labelSpoiled is on no object: reading puts it beside labels of ours of which one is
	// out of bounds.
	labelSpoiled = labelPrefix + "spoiled"
)

// specPlain is how long a record may be before it is compressed.
const specPlain = 4 << 10

// specLimit bounds what a record may unpack to.
const specLimit = 1 << 20

// ownerLabels renders ownership.
func ownerLabels(o provider.Ownership) map[string]string {
	return map[string]string{
		labelProject: o.Project,
		labelAddress: o.Address,
		labelKind:    string(o.Kind),
		labelOrigin:  o.Origin,
		labelSpec:    packSpec(o.Spec),
		labelDeps:    strings.Join(o.Deps, "\n"),
		labelRun:     o.Run,
		labelSchema:  strconv.Itoa(provider.OwnershipSchema),
		labelCreated: o.Name,
		labelPlace:   placeLabel(o.Place),
	}
}

// placeLabel is a place as it stands in a record: never empty, so that a record
// tells whether it says it.
func placeLabel(place string) string { return cmp.Or(place, provider.RootAddress) }

// claimOf reads what labels say of ownership; the zero value where they name no
// project. Broken says why that is no record of ours, whatever bears it: a clause,
// empty where it may be one.
func claimOf(labels map[string]string) (claim provider.Ownership, broken string) {
	claim, broken = headOf(labels)
	if broken != "" || claim.Project == "" || claim.Schema > provider.OwnershipSchema {
		return claim, broken
	}
	var err error
	if claim.Spec, err = unpackSpec(labels[labelSpec]); err != nil {
		return claim, "what was declared cannot be read in its record"
	}
	return claim, ""
}

// headOf is claimOf without unpacking what was declared: Spec only tells whether
// something was.
func headOf(labels map[string]string) (claim provider.Ownership, broken string) {
	project := labels[labelProject]
	if project == "" {
		return provider.Ownership{}, ""
	}
	claim = provider.Ownership{
		Project: project,
		Address: labels[labelAddress],
		Kind:    provider.Kind(labels[labelKind]),
		Origin:  labels[labelOrigin],
		Run:     labels[labelRun],
		Name:    labels[labelCreated],
	}
	if deps := labels[labelDeps]; deps != "" {
		claim.Deps = strings.Split(deps, "\n")
	}
	if labels[labelSpoiled] != "" {
		return claim, "its record is out of bounds"
	}
	var err error
	if claim.Schema, err = strconv.Atoi(labels[labelSchema]); err != nil || claim.Schema < 1 {
		return claim, "its record does not say of which version it is"
	}
	if claim.Schema > provider.OwnershipSchema {
		return claim, "" // it may say everything in another way
	}
	spec, recorded := labels[labelSpec]
	if !recorded {
		return claim, "its record lacks what was declared"
	}
	if spec != "" {
		claim.Spec = []byte("{}")
	}
	if claim.Schema >= 2 {
		place := labels[labelPlace]
		if place == "" {
			return claim, "its record lacks the place"
		}
		if place != provider.RootAddress {
			claim.Place = place
		}
	}
	return claim, ""
}

// packSpec writes a record as it is, or, where it is long, as base64 of gzip,
// which cannot begin with a brace.
func packSpec(spec []byte) string {
	if len(spec) <= specPlain {
		return string(spec)
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write(spec) // a buffer takes everything
	_ = w.Close()
	return base64.StdEncoding.EncodeToString(packed.Bytes())
}

// unpackSpec reads a record. One that is written as it is was measured where it
// came in (edge.go), unless it is longer than any that we write so.
func unpackSpec(text string) ([]byte, error) {
	if text == "" || strings.HasPrefix(text, "{") && len(text) <= specPlain {
		return []byte(text), nil
	}
	return measuredSpec(text)
}

// ourLabels tells ours from an image's or a user's.
func ourLabel(name string) bool { return strings.HasPrefix(name, labelPrefix) }
