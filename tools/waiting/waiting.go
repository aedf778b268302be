// Command waiting prints the tests that wait: those that can fail because a machine
// has other work to do. `make flaky` runs them again and again on a busy one.
//
// Usage: waiting DIRECTORY...
//
// It prints a line for each such test of the packages in these directories: the
// directory, a tab, and the test's name.
//
// A test waits when it does one of these, or reaches through what its package
// declares something that does:
//
//   - it reads the clock, sets a timer or sleeps, or gives a context a time to end
//   - it starts a process, sends or receives a signal, or takes a lock of a file
//   - it listens or dials, or gives a connection a deadline
//   - it sends to a channel, receives from one, or selects
//   - it calls any method named Wait, Kill or Signal
//
// What the test calls of other packages is followed where they are of this module and
// the function is made for tests (it takes one as an argument): else every test would
// wait. Not followed is what runs in a bubble of testing/synctest, where time is not
// the machine's. The code is read, not run, and not even its types are known: a call of
// a method reaches each method of the package that has this name, whoever mentions a
// type reaches its methods, and a function counts as called when it is mentioned.
// So a test may be found that does not wait; one where only the product waits is not.
package main

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// waits are the names of each package that wait, or read the real clock, or do
// what can only be waited for.
func waits() map[string][]string {
	return map[string][]string{
		"context":           {"WithDeadline", "WithDeadlineCause", "WithTimeout", "WithTimeoutCause"},
		"net":               {"Dial", "DialTimeout", "Dialer", "Listen", "ListenConfig", "ListenPacket", "ListenTCP", "ListenUDP", "ListenUnix", "Pipe"},
		"net/http/httptest": {"NewServer", "NewTLSServer", "NewUnstartedServer"},
		"os":                {"StartProcess"},
		"os/exec":           {"Command", "CommandContext"},
		"os/signal":         {"Notify", "NotifyContext"},
		"syscall":           {"Kill", "Flock"},
		"time":              {"After", "AfterFunc", "NewTicker", "NewTimer", "Now", "Since", "Sleep", "Tick", "Until"},

		"golang.org/x/sys/unix": {"Kill", "Flock", "Poll"},
	}
}

// waitingMethods are those of sync.WaitGroup, sync.Cond, exec.Cmd, os.Process and of
// connections. Their types are not known here: whatever bears such a name counts.
func waitingMethods() []string {
	return []string{"Kill", "SetDeadline", "SetReadDeadline", "SetWriteDeadline", "Signal", "Wait"}
}

// files are those of one package that are compiled together for its tests, and of
// the packages that help them.
type files struct {
	module   module
	declared map[string]*declaration // by the package's path, "" for the tested one, and the name
	read     map[string]bool         // other packages
	tests    []string
}

// module is where the tested package belongs.
type module struct{ path, root string }

// moduleOf finds the go.mod above a directory. Without one, no other package is read.
func moduleOf(dir string) module {
	dir, err := filepath.Abs(dir)
	for ; err == nil; dir = filepath.Dir(dir) {
		content, missing := os.ReadFile(filepath.Join(dir, "go.mod"))
		if missing == nil {
			if m := regexp.MustCompile(`(?m)^module (\S+)`).FindSubmatch(content); m != nil {
				return module{string(m[1]), dir}
			}
		}
		if missing == nil || dir == filepath.Dir(dir) {
			break
		}
	}
	return module{}
}

// declaration is what is known of everything that is declared under one name: of
// the functions, methods, variables and types of a package.
type declaration struct {
	waits   bool
	reaches []string // keys of other declarations
}

// Find returns the names of the tests of the package in a directory that wait,
// sorted. A directory without tests has none.
func Find(dir string) ([]string, error) {
	list, err := build.ImportDir(dir, 0)
	if err != nil {
		return nil, fmt.Errorf("reading the package in %s: %w", dir, err)
	}
	var found []string
	// An external test package sees the other one by its exported names alone.
	for _, names := range [][]string{append(list.GoFiles, list.TestGoFiles...), list.XTestGoFiles} {
		p := files{module: moduleOf(dir), declared: map[string]*declaration{}, read: map[string]bool{}}
		if err := p.readFiles(dir, "", names); err != nil {
			return nil, err
		}
		for _, test := range p.tests {
			if p.waiting(" " + test) {
				found = append(found, test)
			}
		}
	}
	slices.Sort(found)
	return found, nil
}

// readFiles notes what files of a package declare, and what its helpers do.
func (p *files) readFiles(dir, pkg string, names []string) error {
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("reading the tests in %s: %w", dir, err)
		}
		scope{p, pkg, imported(file)}.add(file, pkg == "" && strings.HasSuffix(name, "_test.go"))
		for _, i := range imported(file) {
			if err := p.readHelper(i); err != nil {
				return err
			}
		}
	}
	return nil
}

// readHelper reads a package of the same module that has functions for tests.
func (p *files) readHelper(pkg string) error {
	below, inside := strings.CutPrefix(pkg, p.module.path+"/")
	if !inside || p.module.path == "" || p.read[pkg] {
		return nil
	}
	p.read[pkg] = true
	dir := filepath.Join(p.module.root, filepath.FromSlash(below))
	list, err := build.ImportDir(dir, 0)
	if err != nil {
		return fmt.Errorf("reading the package in %s: %w", dir, err)
	}
	if !slices.Contains(list.Imports, "testing") {
		return nil
	}
	return p.readFiles(dir, pkg, list.GoFiles)
}

// scope is what names in one file mean.
type scope struct {
	*files
	pkg     string
	imports map[string]string
}

// add notes what a file declares.
func (p scope) add(file *ast.File, isTest bool) {
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			p.addFunction(d)
			if isTest && d.Recv == nil && testName().MatchString(d.Name.Name) && d.Name.Name != "TestMain" {
				p.tests = append(p.tests, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						p.look(spec, p.named(name.Name))
					}
				case *ast.TypeSpec:
					p.look(spec.Type, p.named(spec.Name.Name))
				}
			}
		}
	}
}

func testName() *regexp.Regexp { return regexp.MustCompile(`^Test([^a-z]|$)`) }

// addFunction notes a function by its name, and a method by its name after a
// point: calls do not say of which type.
func (p scope) addFunction(d *ast.FuncDecl) {
	name := d.Name.Name
	if d.Recv != nil {
		name = "." + name
		// Whoever has a value can hand it to code that calls its methods.
		if receiver := receiverName(d.Recv.List[0].Type); receiver != "" {
			owner := p.named(receiver)
			owner.reaches = append(owner.reaches, p.key(name))
		}
	}
	if p.pkg != "" && d.Recv == nil && p.isForTests(d.Type) {
		p.declared[p.pkg+"."+name] = &declaration{reaches: []string{p.key(name)}}
	}
	if d.Body != nil {
		p.look(d.Body, p.named(name))
	}
}

// isForTests tells whether a function takes a test as an argument.
func (p scope) isForTests(f *ast.FuncType) bool {
	found := false
	ast.Inspect(f.Params, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			x, isName := s.X.(*ast.Ident)
			found = found || isName && p.imports[x.Name] == "testing"
		}
		return !found
	})
	return found
}

func receiverName(e ast.Expr) string {
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

func (p scope) named(name string) *declaration {
	key := p.key(name)
	if p.declared[key] == nil {
		p.declared[key] = &declaration{}
	}
	return p.declared[key]
}

// key is a name within its package.
func (p scope) key(name string) string { return p.pkg + " " + name }

// imported are the import paths of a file by the name that they have in it.
func imported(file *ast.File) map[string]string {
	out := map[string]string{}
	for _, i := range file.Imports {
		whole, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			continue // the parser has said so
		}
		name := path.Base(whole) // right for all packages that waits names
		if i.Name != nil {
			name = i.Name.Name
		}
		out[name] = whole
	}
	return out
}

// look notes what a piece of code does and mentions. A function that is mentioned
// counts as called: tables of tests hold functions.
func (p scope) look(code ast.Node, in *declaration) {
	ast.Inspect(code, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			// In a bubble of package synctest, time is not the machine's.
			return !isBubble(n, p.imports)
		case *ast.Field:
			p.look(n.Type, in)
			return false // nor are these
		case *ast.UnaryExpr:
			in.waits = in.waits || n.Op == token.ARROW
		case *ast.SendStmt:
			in.waits = true
		case *ast.SelectStmt:
			in.waits = true
		case *ast.SelectorExpr:
			x, isName := n.X.(*ast.Ident)
			if from := ""; isName {
				if from = p.imports[x.Name]; from != "" {
					in.waits = in.waits || slices.Contains(waits()[from], n.Sel.Name)
					in.reaches = append(in.reaches, from+"."+n.Sel.Name)
					return false
				}
			}
			in.waits = in.waits || slices.Contains(waitingMethods(), n.Sel.Name)
			in.reaches = append(in.reaches, p.key("."+n.Sel.Name))
			p.look(n.X, in)
			return false // its name is not that of a function
		case *ast.Ident:
			in.reaches = append(in.reaches, p.key(n.Name))
		}
		return true
	})
}

func isBubble(call *ast.CallExpr, imports map[string]string) bool {
	f, isSelector := call.Fun.(*ast.SelectorExpr)
	if !isSelector {
		return false
	}
	x, isName := f.X.(*ast.Ident)
	return isName && imports[x.Name] == "testing/synctest"
}

// waiting tells whether a declaration waits, or reaches one that does.
func (p *files) waiting(key string) bool {
	seen, next := map[string]bool{}, []string{key}
	for len(next) > 0 {
		key, next = next[len(next)-1], next[:len(next)-1]
		d := p.declared[key]
		if d == nil || seen[key] {
			continue
		}
		if d.waits {
			return true
		}
		seen[key] = true
		next = append(next, d.reaches...)
	}
	return false
}
