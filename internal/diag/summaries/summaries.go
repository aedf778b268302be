// Package summaries finds the summaries of problems in the source of dindctl, for
// tests that compare them with the catalogue, the pages and the specification.
package summaries

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
)

// Said is a summary in the source: where it stands ("file.go:1:2"), and the code
// beside it, if it is written out there.
type Said struct{ Summary, Code, At string }

// Find finds every summary that the source below root writes out: the field
// Summary (or summary) of a value, the argument of a parameter that is called
// summary, and what a function whose name ends in Summary returns.
func Find(root string) ([]Said, error) {
	files := map[string]*ast.File{}
	set := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && path != root || entry.Name() == "testdata" || entry.Name() == "tools" || entry.Name() == "providertest"):
			return fs.SkipDir
		case entry.IsDir(), !strings.HasSuffix(path, ".go"), strings.HasSuffix(path, "_test.go"), strings.HasSuffix(path, ".pb.go"):
			return nil
		}
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		files[path] = file
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the source: %w", err)
	}
	seen := world{set: set, parameters: map[string][]positions{}, tables: map[string]int{}}
	for path, file := range files {
		seen.declarations(filepath.Dir(path), file)
	}
	var out []Said
	for path, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			out = append(out, seen.said(filepath.Dir(path), file.Name.Name, n)...)
			return true
		})
	}
	return out, nil
}

// world is what is declared: functions with a parameter called summary, by
// "package.Name" and, for methods, "package.Type.Name" without the type; and
// structs with a field called summary, with its number.
type world struct {
	set        *token.FileSet
	parameters map[string][]positions
	tables     map[string]int
}

func (w world) declarations(dir string, file *ast.File) {
	for _, decl := range file.Decls {
		if f, is := decl.(*ast.FuncDecl); is {
			if at := positionsOf(f.Type); at.summary >= 0 {
				key := filepath.Base(dir) + "." + f.Name.Name
				if f.Recv != nil {
					key = dir + " method " + f.Name.Name
				}
				w.parameters[key] = append(w.parameters[key], at)
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, is := n.(*ast.TypeSpec); is {
			w.table(dir, spec)
		}
		return true
	})
}

// table notes the number of a struct's field summary.
func (w world) table(dir string, spec *ast.TypeSpec) {
	fields, is := spec.Type.(*ast.StructType)
	if !is {
		return
	}
	for i, field := range fields.Fields.List {
		if len(field.Names) == 1 && field.Names[0].Name == "summary" {
			w.tables[dir+"."+spec.Name.Name] = i
		}
	}
}

// positions are the places of the parameters that are called summary and code; -1 for none.
// All is the number of parameters, least that of arguments that a call needs.
type positions struct{ summary, code, all, least int }

func positionsOf(f *ast.FuncType) positions {
	at := positions{summary: -1, code: -1}
	i := 0
	for _, field := range f.Params.List {
		for _, name := range field.Names {
			switch name.Name {
			case "summary":
				at.summary = i
			case "code":
				at.code = i
			}
			i++
		}
		if len(field.Names) == 0 {
			i++
		}
		if at.least = i; isVariadic(field) {
			at.least, i = i-1, 1000
		}
	}
	at.all = i
	return at
}

func isVariadic(field *ast.Field) bool {
	_, is := field.Type.(*ast.Ellipsis)
	return is
}

// called finds the functions that a call may mean, as far as they have a parameter
// called summary. Methods of one name in one package are told by their
// parameters: codes have no capital letters.
func (w world) called(dir, pkg string, call *ast.CallExpr) (positions, bool) {
	var candidates []positions
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		candidates = w.parameters[pkg+"."+fun.Name]
	case *ast.SelectorExpr:
		candidates = w.parameters[name(fun.X)+"."+fun.Sel.Name]
		if len(candidates) == 0 {
			candidates = w.parameters[dir+" method "+fun.Sel.Name]
		}
	}
	for _, c := range candidates {
		if len(call.Args) < c.least || len(call.Args) > c.all {
			continue
		}
		if s := text(call.Args[c.summary]); strings.ToLower(s) != s || len(candidates) == 1 {
			return c, true
		}
	}
	return positions{}, false
}

func (w world) said(dir, pkg string, n ast.Node) []Said {
	at := func(n ast.Node) string { return w.set.Position(n.Pos()).String() }
	switch n := n.(type) {
	case *ast.CompositeLit:
		return w.literal(dir, n, at)
	case *ast.CallExpr:
		p, found := w.called(dir, pkg, n)
		if !found || p.summary >= len(n.Args) || text(n.Args[p.summary]) == "" {
			return nil
		}
		s := Said{Summary: text(n.Args[p.summary]), At: at(n)}
		if p.code >= 0 {
			s.Code = text(n.Args[p.code])
		}
		return []Said{s}
	case *ast.ValueSpec:
		return constants(n, at)
	case *ast.AssignStmt:
		return w.assigned(n, at)
	case *ast.FuncDecl:
		if n.Body != nil && (strings.HasSuffix(n.Name.Name, "Summary") || n.Name.Name == "sentenceOf") {
			return returned(n, at)
		}
	}
	return nil
}

// assigned finds "x.Summary = ..." and "x.Code, x.Summary = ...".
func (w world) assigned(n *ast.AssignStmt, at func(ast.Node) string) []Said {
	s := Said{At: at(n)}
	for i := range n.Lhs {
		if len(n.Lhs) != len(n.Rhs) {
			break
		}
		switch name(n.Lhs[i]) {
		case "Summary", "summary":
			s.Summary = text(n.Rhs[i])
		case "Code":
			s.Code = text(n.Rhs[i])
		}
	}
	if s.Summary == "" {
		return nil
	}
	return []Said{s}
}

// constants finds the values of names that begin with summary.
func constants(n *ast.ValueSpec, at func(ast.Node) string) []Said {
	var out []Said
	for i, value := range n.Values {
		if strings.HasPrefix(n.Names[i].Name, "summary") && text(value) != "" {
			out = append(out, Said{Summary: text(value), At: at(value)})
		}
	}
	return out
}

// literal finds a field Summary, and the rows of a table that has one.
func (w world) literal(dir string, n *ast.CompositeLit, at func(ast.Node) string) []Said {
	if rows, is := n.Type.(*ast.ArrayType); is {
		column, found := w.tables[dir+"."+name(rows.Elt)]
		var out []Said
		for _, element := range n.Elts {
			if row, is := element.(*ast.CompositeLit); is && found && column < len(row.Elts) && text(row.Elts[column]) != "" {
				out = append(out, Said{Summary: text(row.Elts[column]), At: at(row)})
			}
		}
		return out
	}
	s := Said{At: at(n)}
	for _, element := range n.Elts {
		if kv, is := element.(*ast.KeyValueExpr); is {
			switch name(kv.Key) {
			case "Summary", "summary":
				s.Summary = text(kv.Value)
			case "Code", "code":
				s.Code = text(kv.Value)
			}
		}
	}
	if s.Summary == "" {
		return nil
	}
	return []Said{s}
}

func returned(f *ast.FuncDecl, at func(ast.Node) string) []Said {
	var out []Said
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if r, is := n.(*ast.ReturnStmt); is && len(r.Results) == 1 && text(r.Results[0]) != "" {
			out = append(out, Said{Summary: text(r.Results[0]), At: at(r)})
		}
		return true
	})
	return out
}

// name is the last word of "a", "b.a".
func name(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// text is a string that is written out; empty for every other expression.
func text(e ast.Expr) string {
	if literal, is := e.(*ast.BasicLit); is && literal.Kind == token.STRING {
		out, err := strconv.Unquote(literal.Value)
		if err == nil {
			return out
		}
	}
	return ""
}
