// Package diag holds problems as values: what happened, where, why, and what to
// do. Every floor of dindctl returns them; package ui alone turns them into
// text. A [List] that is nil or empty means that there is no problem.
package diag

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity tells whether a problem stops the run.
type Severity string

// The severities.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Pos is a place in a source file. Line and Column count from 1, columns in
// characters; Byte counts from 0.
type Pos struct{ Line, Column, Byte int }

// Range is a part of a source file: from Start up to, not including, End. The
// zero Range is no place.
type Range struct {
	File       string
	Start, End Pos
}

// Empty tells whether the range names no place.
func (r Range) Empty() bool { return r.File == "" }

// String is "file:line,column-column", or "file:line,column-line,column" across lines.
func (r Range) String() string {
	if r.Empty() {
		return ""
	}
	if r.Start.Line == r.End.Line {
		return fmt.Sprintf("%s:%d,%d-%d", r.File, r.Start.Line, r.Start.Column, r.End.Column)
	}
	return fmt.Sprintf("%s:%d,%d-%d,%d", r.File, r.Start.Line, r.Start.Column, r.End.Line, r.End.Column)
}

// Fix is something that can be pasted to solve a problem.
type Fix struct {
	Title string
	File  string // where to paste it; empty when it is not for a file
	Line  int    // counted from 1; the text replaces nothing and goes before this line, unless Replace
	HCL   string // without line end
	// Replace says that the text replaces the line instead.
	Replace bool
}

// Value is an expression and what it is, shown with a problem. It never holds a sensitive value.
type Value struct{ Traversal, Is string }

// Problem is one thing that is wrong.
type Problem struct {
	Severity Severity
	// Code is the short name of the kind of problem; docs/errors has a page for each. May be empty.
	Code string
	// Summary is a fixed sentence fragment, without full stop and without names.
	Summary string
	// Detail is whole sentences: names, reasons, what to do. It may have several lines.
	Detail string
	// Address of the object that it is about; may be empty.
	Address string
	// Subject is the place to underline; Context is the wider part to show, at least Subject.
	Subject, Context Range
	Values           []Value
	// Chain are the lines that show how a path is seen from level to level.
	Chain []string
	Fixes []Fix
	// Log holds the last lines of output where they explain the problem.
	Log []string
}

// List is any number of problems.
type List []Problem

// HasErrors tells whether one of them is an error.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(p Problem) bool { return p.Severity == Error })
}

// Errors returns the errors alone, in order.
func (l List) Errors() List {
	return slices.DeleteFunc(slices.Clone(l), func(p Problem) bool { return p.Severity != Error })
}

// Sorted returns the problems ordered by file, line and column, then address,
// severity and text. Problems without a place come last.
func (l List) Sorted() List {
	out := slices.Clone(l)
	slices.SortStableFunc(out, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(boolRank(a.Subject.Empty()), boolRank(b.Subject.Empty())),
			strings.Compare(a.Subject.File, b.Subject.File),
			cmp.Compare(a.Subject.Start.Byte, b.Subject.Start.Byte),
			strings.Compare(a.Address, b.Address),
			strings.Compare(string(a.Severity), string(b.Severity)),
			strings.Compare(a.Summary, b.Summary),
			strings.Compare(a.Detail, b.Detail),
		)
	})
	return out
}

// Errorf makes a list of one error without a place.
func Errorf(summary, format string, args ...any) List {
	return List{{Severity: Error, Summary: summary, Detail: fmt.Sprintf(format, args...)}}
}

// Interrupted makes a list of the one error that a run ends with which was asked
// to end before it was through. Detail says what that means for whoever asked.
func Interrupted(detail string) List {
	return List{{Severity: Error, Code: "interrupted", Summary: "The run was interrupted", Detail: detail}}
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}
