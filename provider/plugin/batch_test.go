package plugin_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin"
)

// holding is a provider that has these objects, and no engine.
type holding struct {
	scripted
	objects []provider.Object
	unread  []provider.Unread
	stock   provider.StockResponse
}

func (h holding) Observe(_ context.Context, _ provider.ObserveRequest, each func(provider.Object) error) (provider.ObserveResponse, error) {
	for _, o := range h.objects {
		if err := each(o); err != nil {
			return provider.ObserveResponse{}, err
		}
	}
	return provider.ObserveResponse{Unread: h.unread}, nil
}

func (h holding) Survey(context.Context, provider.Place) (provider.SurveyResponse, error) {
	return provider.SurveyResponse{Objects: h.objects, Unread: h.unread}, nil
}

func (h holding) Stock(context.Context, provider.Place) (provider.StockResponse, error) {
	return h.stock, nil
}

func (h holding) Sweep(context.Context, provider.Place, provider.Stored, provider.Sink) error {
	return nil
}

func objectOf(name string, bytes int) provider.Object {
	return provider.Object{
		ID: name, Kind: provider.Container, Name: name, Owner: provider.Ownership{Project: "p", Address: "container." + name},
		Actual: cty.ObjectVal(map[string]cty.Value{"a": cty.StringVal(strings.Repeat("x", bytes))}),
	}
}

// Messages are bounded by bytes: objects that make up more than one go in several,
// and one that fits none is named, where all others arrive.
func TestObjectsGoInMessagesThatFit(t *testing.T) {
	t.Parallel()
	h := holding{unread: []provider.Unread{{Problem: &provider.Problem{Code: provider.EngineFailed, Summary: "s", Detail: "d"}, Foreign: true}}}
	for i := range 100 {
		h.objects = append(h.objects, objectOf(fmt.Sprintf("c%d", i), 1<<20)) // more than the 64 MiB of a message
	}
	h.objects = append(h.objects, objectOf("large", 15<<20), objectOf("enormous", 65<<20), objectOf("last", 1))
	p := plugin.InProcess(t, h)
	var names []string
	resp, err := p.Observe(t.Context(), provider.ObserveRequest{}, func(o provider.Object) error {
		names = append(names, o.Name)
		return nil
	})
	if err != nil || len(names) != 102 || names[0] != "c0" || names[101] != "last" {
		t.Errorf("%d objects, %v", len(names), err)
	}
	want := []provider.Unread{h.unread[0], {Problem: &provider.Problem{
		Code: provider.EngineFailed, Address: "container.enormous", Summary: "The engine's answer is too large",
		Detail: "The engine says 65 MiB of the container enormous, which cannot be handed on: it may be 16 MiB. Is it a Docker engine that answers there?",
	}}}
	if diff := cmp.Diff(want, resp.Unread); diff != "" {
		t.Error(diff)
	}
	seen, err := p.Survey(t.Context(), provider.Root)
	if err != nil || len(seen.Objects) != 102 || len(seen.Unread) != 2 {
		t.Errorf("surveyed %d objects, unread %v, %v", len(seen.Objects), seen.Unread, err)
	}
}

// oversized is a provider of which some answers fit no message.
func oversized() provider.Provider {
	h := holding{stock: provider.StockResponse{Stored: []provider.Stored{{Name: strings.Repeat("x", 65<<20)}}}}
	h.diff = func(r provider.DiffRequest) (provider.DiffResponse, error) {
		return provider.DiffResponse{Differences: make([]provider.Difference, len(r.Items))}, nil
	}
	return h
}

// What fits no message is a problem that says so, and the provider goes on.
func TestWhatFitsNoMessageIsAProblem(t *testing.T) {
	t.Parallel()
	p := start(t, "large").Provider()
	_, err := p.(provider.Stocker).Stock(t.Context(), provider.Root)
	if problem := problemOf(t, err); problem.Summary != "The engine's answer is too large" || !strings.Contains(problem.Detail, "a message of 64 MiB") {
		t.Error(err)
	}
	item := func(name string, bytes int) provider.DiffItem {
		return provider.DiffItem{Declaration: provider.Declaration{Address: "container." + name, Kind: provider.Container, Name: name}, Actual: objectOf(name, bytes).Actual}
	}
	_, err = p.Diff(t.Context(), provider.DiffRequest{Items: []provider.DiffItem{item("a", 1), item("b", 65<<20)}})
	if problem := problemOf(t, err); problem.Address != "container.b" || !strings.Contains(problem.Detail, "65 MiB of the container b") {
		t.Error(err)
	}
	if _, err := p.Diff(t.Context(), provider.DiffRequest{Items: []provider.DiffItem{item("a", 1)}}); err != nil {
		t.Errorf("after that: %v", err)
	}
}

// What an engine or a program said need not be text: a message bears it all the same.
func TestWhatIsNoTextArrives(t *testing.T) {
	t.Parallel()
	said := "caf\xe9"
	h := holding{objects: []provider.Object{{ID: "j", Kind: provider.Job, Name: "j", Values: provider.Values{Stdout: &said}}}}
	h.create = func(_ context.Context, _ provider.CreateRequest, sink provider.Sink) (provider.CreateResponse, error) {
		sink(provider.Event{Phase: provider.PhaseOutput, Text: said})
		return provider.CreateResponse{}, &provider.Problem{Code: provider.JobFailed, Summary: "The job failed", Detail: said + strings.Repeat("x", 1<<20), Log: []string{said}}
	}
	p := plugin.InProcess(t, h)
	if _, err := p.Observe(t.Context(), provider.ObserveRequest{}, func(o provider.Object) error {
		if *o.Values.Stdout != "caf\uFFFD" {
			t.Errorf("it wrote %q", *o.Values.Stdout)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	told := 0
	_, err := p.Create(t.Context(), provider.CreateRequest{Declaration: fullDeclaration()}, func(e provider.Event) {
		if told++; e.Text != "caf\uFFFD" {
			t.Errorf("told %q", e.Text)
		}
	})
	problem := new(provider.Problem)
	if !errors.As(err, &problem) || problem.Code != provider.JobFailed || !strings.HasPrefix(problem.Detail, "caf\uFFFDxxx") || len(problem.Detail) > 65<<10 || problem.Log[0] != "caf\uFFFD" || told != 1 {
		t.Errorf("%d events, %.80v", told, err)
	}
}
