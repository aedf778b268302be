package docker

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/provider"
)

// What an engine may say of one object, and how many it may list: a container of ours
// takes some 20 KiB and 600 values in its inspect, and lists of 10,000 are measured.
const (
	objectBytes  = 8 << 20
	objectDepth  = 100
	objectValues = 100_000
	listLimit    = 100_000
	unreadTold   = 20 // of one list; the others are counted
)

func objectBounds() bounds {
	return bounds{bytes: objectBytes, depth: objectDepth, values: objectValues}
}

// sieve is the transport through which everything comes that an engine answers to
// reads. Where the call says so (reading), the answer is decoded here, object by
// object, and the client, which would decode it as a whole, gets null.
type sieve struct{ next http.RoundTripper }

type readingKey struct{}

// reading lets the answer of the call with that context be read by read.
func reading(ctx context.Context, read func(jsonStream) error) context.Context {
	return context.WithValue(ctx, readingKey{}, read)
}

// RoundTrip sends the request.
func (s sieve) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := s.next.RoundTrip(req)
	read, asked := req.Context().Value(readingKey{}).(func(jsonStream) error)
	if err != nil || !asked || resp.StatusCode != http.StatusOK || strings.HasSuffix(req.URL.Path, "/_ping") {
		return resp, err
	}
	body := &broken{r: resp.Body}
	err = read(jsonStream{bufio.NewReaderSize(body, 16<<10)})
	if err == nil { // to its end: else the connection is not used again
		_, _ = io.CopyN(io.Discard, body, tailLimit)
	}
	_ = resp.Body.Close()
	switch {
	case !errors.Is(err, errCut):
	case body.err != nil: // why it is not whole
		err = body.err
	default:
		err = senseless(callName(req) + " was answered with what is no JSON of an engine's, or not whole")
	}
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(strings.NewReader("null"))
	return resp, nil
}

// tailLimit bounds what is read behind the last bracket of an answer: engines write a
// line's end there.
const tailLimit = 4 << 10

// broken remembers the problem that ended a reading.
type broken struct {
	r   io.Reader
	err error
}

func (b *broken) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	var problem *provider.Problem
	if errors.As(err, &problem) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		b.err = err
	}
	return n, err
}

// unreadError are the objects of an answer of which the engine says what makes no
// sense. What else the answer holds was read.
type unreadError struct{ list []provider.Unread }

// Error is what is wrong with the first.
func (u *unreadError) Error() string { return u.list[0].Problem.Error() }

// Unwrap is the problem with the first.
func (u *unreadError) Unwrap() error { return u.list[0].Problem }

// unreadOf are the objects that an error says are broken; ok tells that it says
// nothing else.
func unreadOf(err error) (list []provider.Unread, ok bool) {
	var u *unreadError
	if !errors.As(err, &u) {
		return nil, false
	}
	return u.list, true
}

// unlessForeign is an error without the objects that certainly are nobody's.
func unlessForeign(err error) error {
	list, only := unreadOf(err)
	if only && !slices.ContainsFunc(list, func(u provider.Unread) bool { return !u.Foreign }) {
		return nil
	}
	return err
}

// senseless is an answer that no engine gives.
func senseless(what string) *provider.Problem {
	return &provider.Problem{
		Code: provider.EngineFailed, Summary: "The engine's answer makes no sense",
		Detail: what + ". Is it a Docker engine that answers there, and nothing in between that changes what it says?",
	}
}

// kindOfAnswer is what there is to know of one type that an engine sends.
type kindOfAnswer[T any] struct {
	noun    string // "container"
	labels  func(*T) *map[string]string
	id      func(*T) string // by which it stands in a list once; nil where it may stand there again
	missing func(*T) string // what it lacks or has wrong, as a clause; empty for nothing
}

// decode makes an object of its text, if it is whole.
func (k kindOfAnswer[T]) decode(text []byte, over error, records *recordReader) (*T, string) {
	if over != nil {
		return nil, over.Error()
	}
	out := new(T)
	if err := json.Unmarshal(text, out); err != nil {
		return nil, decodingWords(err)
	}
	if why := hole(out); why != "" {
		return nil, why
	}
	if why := k.missing(out); why != "" {
		return nil, why
	}
	if k.labels != nil {
		if labels := k.labels(out); labels != nil {
			*labels = records.bounded(*labels)
		}
	}
	return out, ""
}

// decodingWords says for people why a text is no object of its type.
func decodingWords(err error) string {
	var typed *json.UnmarshalTypeError
	switch {
	case !errors.As(err, &typed):
		return "what the engine says of it cannot be read"
	case typed.Field == "":
		return "it is " + article(typed.Value)
	}
	return fmt.Sprintf("its %s is %s, which no engine sends there", typed.Field, article(typed.Value))
}

func article(noun string) string {
	if strings.ContainsAny(noun[:min(1, len(noun))], "aeiou") {
		return "an " + noun
	}
	return "a " + noun
}

// oneOf reads an answer that is one object. Name is what it was asked for by.
func oneOf[T any](ctx context.Context, k kindOfAnswer[T], name string, call func(context.Context) error) (T, error) {
	var out T
	return out, read(ctx, call, func(j jsonStream) error {
		var text bytes.Buffer
		over, err := j.value(&text, objectBounds())
		if errors.Is(err, errCut) {
			over, err = err, nil
		}
		if err != nil {
			return err
		}
		records := newRecordReader()
		object, why := k.decode(text.Bytes(), over, records)
		if why != "" {
			return &unreadError{[]provider.Unread{k.unread(text.Bytes(), why, shown(k.noun, name), records)}}
		}
		out = *object
		return nil
	})
}

// read makes a call whose answer is read by from. What from says of it counts before
// what the client makes of that.
func read(ctx context.Context, call func(context.Context) error, from func(jsonStream) error) error {
	var own error
	err := call(reading(ctx, func(j jsonStream) error {
		own = from(j)
		return own
	}))
	var known *provider.Problem
	if errors.As(own, &known) {
		return own
	}
	return err
}

// listOf reads an answer that is a list, or has one under a key, and returns what
// could be read of it, also beside an [unreadError].
func listOf[T any](ctx context.Context, k kindOfAnswer[T], key string, call func(context.Context) error) ([]T, error) {
	l := newListing(k, newRecordReader())
	err := read(ctx, call, func(j jsonStream) error {
		if key == "" {
			return j.list(objectBounds(), l.add)
		}
		return j.members(func(name string) (func(jsonStream) error, bool) {
			return func(j jsonStream) error { return j.list(objectBounds(), l.add) }, strings.EqualFold(name, key)
		})
	})
	return l.objects, l.error(err)
}

func newListing[T any](k kindOfAnswer[T], records *recordReader) *listing[T] {
	return &listing[T]{kind: k, records: records, seen: map[string]bool{}}
}

// listing is a list while it is read.
type listing[T any] struct {
	kind    kindOfAnswer[T]
	records *recordReader
	seen    map[string]bool
	objects []T
	unread  []provider.Unread
	more    int // that are not told
	count   int
}

func (l *listing[T]) add(text []byte, over error) error {
	if l.count++; l.count > listLimit {
		return senseless(fmt.Sprintf("The engine lists more than %d %ss", listLimit, l.kind.noun))
	}
	object, why := l.kind.decode(text, over, l.records)
	if l.records.spent {
		return senseless(fmt.Sprintf("The records on the %ss that the engine lists are longer than %d MiB together", l.kind.noun, recordsLimit>>20))
	}
	if why == "" && l.kind.id != nil {
		id := l.kind.id(object)
		if l.seen[id] {
			why = "the engine lists it twice"
		}
		l.seen[id] = true
	}
	switch {
	case why == "":
		l.objects = append(l.objects, *object)
	case len(l.unread) == unreadTold:
		l.more++
	default:
		l.unread = append(l.unread, l.kind.unread(text, why, fmt.Sprintf("number %d of the list of %ss", l.count, l.kind.noun), l.records))
	}
	return nil
}

func (l *listing[T]) error(err error) error {
	if err != nil || len(l.unread) == 0 {
		return err
	}
	if l.more > 0 {
		l.unread = append(l.unread, provider.Unread{Problem: senseless(fmt.Sprintf("%d more %ss that the engine lists cannot be read", l.more, l.kind.noun))})
	}
	return &unreadError{l.unread}
}

// unread names an object that cannot be read as well as its text allows; without a
// name it is called as otherwise.
func (k kindOfAnswer[T]) unread(text []byte, why, otherwise string, records *recordReader) provider.Unread {
	signs := signsIn(text)
	subject := otherwise
	if name := signs.name(); name != "" {
		subject = shown(k.noun, name)
	}
	problem := senseless(fmt.Sprintf("%s: %s", strings.ToUpper(subject[:1])+subject[1:], why))
	out := provider.Unread{Problem: problem, Foreign: signs.labelled}
	labels := records.bounded(signs.labels)
	for name := range labels {
		out.Foreign = out.Foreign && !ourLabel(name)
	}
	if owner, _ := claimOf(labels); owner.Project != "" {
		problem.Address = owner.Address
		problem.Detail += fmt.Sprintf(" It bears the labels of %s of project %s: it is neither made anew nor removed until it can be read.", owner.Address, owner.Project)
	}
	return out
}

// shown is an object as messages name it.
func shown(noun, name string) string {
	const long = 80
	if short, isID := strings.CutPrefix(name, "sha256:"); isID || len(name) == idLength {
		name = short[:min(len(short), 12)]
	}
	if len(name) > long {
		name = name[:long] + "…"
	}
	return "the " + noun + " " + strings.ToValidUTF8(name, "?")
}

// signs are what can be found out of an object that cannot be read.
type signs struct {
	id, single string
	names      []string
	labels     map[string]string
	labelled   bool // the labels could be read
}

func (s signs) name() string {
	if len(s.names) > 0 {
		return strings.TrimPrefix(s.names[0], "/")
	}
	if s.single != "" {
		return strings.TrimPrefix(s.single, "/")
	}
	return s.id
}

// signsIn looks through the members of an object as far as its text goes.
func signsIn(text []byte) signs {
	var s signs
	decoder := json.NewDecoder(bytes.NewReader(text))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return s
	}
	for decoder.More() {
		key, err := decoder.Token()
		name, isText := key.(string)
		if err != nil || !isText {
			return s
		}
		var value json.RawMessage
		if decoder.Decode(&value) != nil {
			return s
		}
		switch strings.ToLower(name) {
		case "id":
			_ = json.Unmarshal(value, &s.id) // what is none is not known
		case "name":
			_ = json.Unmarshal(value, &s.single)
		case "names", "repotags":
			if json.Unmarshal(value, &s.names) != nil {
				s.names = nil
			}
		case "labels":
			s.labelled = json.Unmarshal(value, &s.labels) == nil
		case "config":
			var config struct{ Labels map[string]string }
			if json.Unmarshal(value, &config) == nil && string(value) != "null" {
				s.labels, s.labelled = config.Labels, true
			}
		}
	}
	return s
}
