package docker

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
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
)

// specPlain is how long a record may be before it is compressed.
const specPlain = 4 << 10

// specLimit bounds what a record may unpack to.
const specLimit = 16 << 20

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
	}
}

// ownerOf reads ownership; what bears no project is foreign and the zero value.
func ownerOf(labels map[string]string) provider.Ownership {
	project := labels[labelProject]
	if project == "" {
		return provider.Ownership{}
	}
	o := provider.Ownership{
		Project: project,
		Address: labels[labelAddress],
		Kind:    provider.Kind(labels[labelKind]),
		Origin:  labels[labelOrigin],
		Run:     labels[labelRun],
	}
	if deps := labels[labelDeps]; deps != "" {
		o.Deps = strings.Split(deps, "\n")
	}
	// What cannot be read is of a later version: nothing touches it.
	var err error
	if o.Schema, err = strconv.Atoi(labels[labelSchema]); err != nil {
		o.Schema = provider.OwnershipSchema + 1
	}
	if o.Spec, err = unpackSpec(labels[labelSpec]); err != nil {
		o.Schema = provider.OwnershipSchema + 1
	}
	return o
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

func unpackSpec(text string) ([]byte, error) {
	if text == "" || strings.HasPrefix(text, "{") {
		return []byte(text), nil
	}
	r, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(text)))
	if err != nil {
		return nil, fmt.Errorf("unpacking a record: %w", err)
	}
	spec, err := io.ReadAll(io.LimitReader(r, specLimit))
	if err != nil {
		return nil, fmt.Errorf("unpacking a record: %w", err)
	}
	return spec, nil
}

// ourLabels tells ours from an image's or a user's.
func ourLabel(name string) bool { return strings.HasPrefix(name, labelPrefix) }

// runOwner reads the ownership of a container. One that somebody made from an
// image of ours has inherited the image's labels, and is foreign.
func runOwner(labels map[string]string) provider.Ownership {
	owner := ownerOf(labels)
	if !owner.Kind.Runs() {
		return provider.Ownership{}
	}
	return owner
}
