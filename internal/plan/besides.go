package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// checkBesides finds what is to take something that only one object can have, and that
// another one keeps beside its declaration, because its block ignores that change: an
// engine would say only that it is taken.
func (m *maker) checkBesides(acts map[string]bool) diag.List {
	kept := map[space][]freed{}
	for _, address := range sortedKeys(m.resources) {
		if m.in.over() {
			return nil
		}
		for _, c := range m.besides(m.resources[address]) {
			kept[c.space] = append(kept[c.space], freed{claim: c, address: address})
		}
	}
	var problems diag.List
	for _, address := range sortedKeys(m.resources) {
		if r := m.resources[address]; len(kept) > 0 && acts[address] {
			problems = append(problems, m.takesFrom(r, kept)...)
		}
	}
	return problems
}

// takesFrom is the error about the first thing that an object is to take from one that
// keeps it.
func (m *maker) takesFrom(r *Resource, kept map[space][]freed) diag.List {
	for _, c := range m.takes(r) {
		for _, k := range kept[c.space] {
			if k.address == r.Address || !k.meets(c) {
				continue
			}
			clash := fmt.Sprintf("%s, and %s holds %s", c, k.address, k.claim)
			if k.String() == c.String() {
				clash = fmt.Sprintf("%s, which %s holds", c, k.address)
			}
			return diag.List{{
				Severity: diag.Error, Code: string(provider.InUse), Address: r.Address, Subject: r.After.Header, Context: r.After.Header,
				Summary: "Something else uses it",
				Detail: fmt.Sprintf("%s wants %s: that one was made so, is declared otherwise by now, and %s. Let %s heed that change, or write something else in %[1]s.",
					r.Address, clash, m.ignoring(k), k.address),
			}}
		}
	}
	return nil
}

// besides are the claims that an object goes on holding although it is declared otherwise,
// because its block ignores that.
func (m *maker) besides(r *Resource) []claim {
	goes := r.Action == Replace || r.Action == Run || r.Action == Delete
	if r.Before == nil || r.After == nil || goes || r.Kind == provider.Job {
		return nil
	}
	l := r.After.Lifecycle
	if !l.IgnoreAll && len(l.IgnoreChanges) == 0 {
		return nil
	}
	addresses, ports := wanted(r)
	let := slices.Concat(addresses, ports, m.leaves(r))
	return slices.DeleteFunc(m.recordedClaims(placed{*r.Before, r.Inside}, r), func(c claim) bool {
		return slices.Contains(let, c) || !ignoresAny(l, c.arguments())
	})
}

// recordedClaims are those that an object was made with, and has as long as it runs. Of a
// network they are what it was seen to have, where somebody chose that, or does now: what
// an engine chose is nobody's wish.
func (m *maker) recordedClaims(o placed, r *Resource) []claim {
	record := recordOf(o.Owner)
	if o.Kind == provider.Network {
		chosen := !attribute(r.After.Declared, "ipam").IsNull() || len(record["ipam"]) > 0
		return slices.DeleteFunc(heldByNetwork(o), func(c claim) bool { return c.of == subnets && !chosen })
	}
	return append(m.recordedAddresses(o), record.published(o.inside)...)
}

// published are the ports of the host that something was made with.
func (r record) published(inside string) []claim {
	var list []struct {
		Published int    `json:"published"`
		HostIP    string `json:"host_ip"`
		Protocol  string `json:"protocol"`
	}
	if json.Unmarshal(r["ports"], &list) != nil {
		return nil
	}
	var out []claim
	for _, p := range list {
		if p.Published > 0 {
			out = append(out, published(inside, p.HostIP, p.Published, p.Protocol))
		}
	}
	return out
}

// takes are the claims that an object's step is to get: all that it wants where it is made
// or started, and where it is changed as it stands the addresses that it had not before. Of
// what it ignores it gets nothing but at its creation.
func (m *maker) takes(r *Resource) []claim {
	if r.After == nil || r.Action == Delete || r.Action == None {
		return nil
	}
	addresses, ports := wanted(r)
	if r.Action == Create || r.Action == Replace || r.Action == Run || r.Before == nil {
		return append(addresses, ports...)
	}
	var had []claim
	if r.Action == Update {
		had, ports = m.recordedClaims(placed{*r.Before, r.Inside}, r), nil
	}
	return slices.DeleteFunc(append(addresses, ports...), func(c claim) bool {
		return slices.Contains(had, c) || ignoresAny(r.After.Lifecycle, c.arguments())
	})
}

// arguments are those that say of a claim, the first of them the one to name to people.
func (c claim) arguments() []string {
	kind, _, _ := strings.Cut(c.of, " ")
	return map[string][]string{subnets: {"ipam"}, ports: {"ports"}, "option": {"options"}, "network": {"attach", "networks"}}[kind]
}

// ignoring says what the holder of a claim ignores, for which it keeps that.
func (m *maker) ignoring(k freed) string {
	l := m.resources[k.address].After.Lifecycle
	if l.IgnoreAll {
		return "ignores every change (ignore_changes = all)"
	}
	arguments := slices.DeleteFunc(k.arguments(), func(a string) bool { return !ignoresAny(l, []string{a}) })
	return "ignores changes of " + strings.Join(arguments, " and ") + " (ignore_changes)"
}

// String is the claim in words.
func (c claim) String() string {
	kind, rest, _ := strings.Cut(c.of, " ")
	switch kind {
	case subnets:
		return "the range " + c.at.String()
	case ports:
		text := fmt.Sprintf("the port %d/%s", c.port, c.protocol)
		if c.at.IsValid() {
			text += " at " + c.at.Addr().String()
		}
		return text
	case "network":
		return fmt.Sprintf("the address %s in the network %s", c.at.Addr(), rest)
	}
	name, value, _ := strings.Cut(rest, "=")
	return fmt.Sprintf("%s = %q", name, value)
}
