package docker_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// packed is a text as long records are written: base64 of gzip.
func packed(text string) string {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return base64.StdEncoding.EncodeToString(out.Bytes())
}

// bombs are records that nobody writes, by what is wrong with them.
func bombs() map[string]string {
	return map[string]string{
		"5 million brackets":        packed(strings.Repeat("[", 5_000_000)),
		"deep":                      `{"a":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + "}",
		"long":                      packed(`{"a":"` + strings.Repeat("x", 1<<20) + `"}`),
		"long, not packed":          `{"a":"` + strings.Repeat("x", 1<<20) + `"}`,
		"many values":               packed(`{"a":[` + strings.Repeat("0,", 100_000) + `0]}`),
		"a number with an exponent": `{"a":1e999999999}`,
		"a number without an end":   `{"a":` + strings.Repeat("9", 401) + `}`,
		"no gzip":                   "H4sI",
	}
}

// bearing is a volume of project p with that record, as an engine lists it.
func bearing(name, spec string, more map[string]string) map[string]any {
	labels := docker.Labels(provider.Ownership{Project: "p", Address: "volume." + name, Kind: provider.Volume, Origin: "o", Run: "r", Name: name})
	labels["dev.dindctl.spec"] = spec
	for label, text := range more {
		labels[label] = text
	}
	return map[string]any{"Name": name, "Driver": "local", "Labels": labels}
}

// listing is a provider on an engine that has these volumes and nothing else.
func listing(t *testing.T, volumes ...any) provider.Provider {
	t.Helper()
	content, err := json.Marshal(map[string]any{"Volumes": volumes})
	if err != nil {
		t.Fatal(err)
	}
	return saying(t, "/volumes", string(content))
}

// saying is a provider on an engine that gives this answer, and none of substance else.
func saying(t *testing.T, path, answer string) provider.Provider {
	t.Helper()
	p, err := configured(t, oddEngine(t, map[string]http.HandlerFunc{
		"GET " + path: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) },
	}), "5m")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func observed(t *testing.T, p provider.Provider) (map[string]provider.Object, []provider.Unread) {
	t.Helper()
	objects := map[string]provider.Object{}
	resp, err := p.Observe(t.Context(), provider.ObserveRequest{Project: "p"}, func(o provider.Object) error {
		objects[o.Name] = o
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return objects, resp.Unread
}

// growth is how many bytes do takes from the heap altogether.
func growth(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A record that is larger, deeper or longer than any that we write is not decoded:
// what bears it is nobody's, and is named, and what stands beside it is read.
func TestRecordsAreMeasuredBeforeTheyAreDecoded(t *testing.T) { //nolint:paralleltest // it measures memory
	for name, bomb := range bombs() {
		var got map[string]provider.Object
		took := growth(func() {
			got, _ = observed(t, listing(t, bearing("bomb", bomb, nil), bearing("good", `{"driver":"local"}`, nil)))
		})
		if o := got["bomb"]; o.Owner.Project != "" || len(o.Claim.Spec) != 0 || o.Claim.Address != "volume.bomb" || o.WhyNot != "its record is out of bounds" {
			t.Errorf("%s: owner %+v, claim %+v, %s", name, o.Owner, o.Claim, o.WhyNot)
		}
		if o := got["good"]; o.Owner.Schema != provider.OwnershipSchema || string(o.Owner.Spec) != `{"driver":"local"}` {
			t.Errorf("%s: the other one has owner %+v", name, o.Owner)
		}
		if took > 64<<20 {
			t.Errorf("%s: reading took %d MiB", name, took>>20)
		}
		if _, broken := docker.Owner(map[string]string{"dev.dindctl.project": "p", "dev.dindctl.schema": "1", "dev.dindctl.spec": bomb}); len(bomb) > 4<<10 && broken == "" {
			t.Errorf("%s: read without its edge, it passes", name)
		}
	}
}

// The records of one answer are bounded together. An answer with more is given up: none
// of its objects counts as foreign because others stood before it.
func TestManyRecordsAreBoundedTogether(t *testing.T) { //nolint:paralleltest // it measures memory
	text := packed(`{"a":"` + strings.Repeat("x", 1<<20-100) + `"}`)
	var volumes []any
	for i := range 200 {
		volumes = append(volumes, bearing(fmt.Sprintf("v%03d", i), text, nil))
	}
	p := listing(t, volumes...)
	var err error
	took := growth(func() {
		_, err = p.Observe(t.Context(), provider.ObserveRequest{Project: "p"}, func(provider.Object) error { return nil })
	})
	wantProblem(t, err, provider.EngineFailed, "The engine's answer makes no sense", "longer than 64 MiB together")
	if took > 1<<30 { // each record grows while it is unpacked
		t.Errorf("reading took %d MiB", took>>20)
	}
}

// The other labels of a record are bounded, too, and a note of changes.
func TestLabelsAreBounded(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1<<20)
	for label, text := range map[string]string{
		"dev.dindctl.address": long, "dev.dindctl.origin": long, "dev.dindctl.kind": long, "dev.dindctl.run": long, "dev.dindctl.schema": long,
		"dev.dindctl.deps": strings.Repeat("a\n", 20_000), "dev.dindctl.chosen": strings.Repeat("[", 50) + strings.Repeat("]", 50),
		"dev.dindctl.socket-group": long, "dev.dindctl.unheard-of": long,
	} {
		got, _ := observed(t, listing(t, bearing("v", "{}", map[string]string{label: text})))
		o := got["v"]
		if o.WhyNot != "its record is out of bounds" || len(o.Claim.Address)+len(o.Claim.Deps)+len(o.Claim.Origin)+len(o.Claim.Run) > 8<<10 {
			t.Errorf("%s: %s, address of %d bytes, %d deps", label, o.WhyNot, len(o.Claim.Address), len(o.Claim.Deps))
		}
	}
	if got, _ := observed(t, listing(t, bearing("v", "{}", map[string]string{"dev.dindctl.project": long}))); len(got) != 0 {
		t.Errorf("a project with a name of a megabyte is taken for one: %d objects", len(got))
	}
}

// What is declared is recorded, and read again, up to the bounds; beyond them nothing is made.
func TestARecordThatNobodyWouldReadIsNotWritten(t *testing.T) {
	t.Parallel()
	for _, size := range []int{5 << 10, 1<<20 - 100} {
		spec := `{"a":"` + strings.Repeat("x", size) + `"}`
		owner, _ := docker.Owner(docker.Labels(provider.Ownership{Project: "p", Address: "volume.v", Kind: provider.Volume, Spec: []byte(spec)}))
		if owner.Schema != provider.OwnershipSchema || string(owner.Spec) != spec {
			t.Errorf("a record of %d bytes: schema %d, %d bytes", size, owner.Schema, len(owner.Spec))
		}
	}
	p := listing(t)
	for name, spec := range map[string]string{"longer than 1024 KiB": `{"a":"` + strings.Repeat("x", 1<<20) + `"}`, "nested more than 64 deep": `{"a":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + "}"} {
		_, err := p.Create(t.Context(), provider.CreateRequest{
			Declaration: provider.Declaration{Address: "volume.v", Kind: provider.Volume, Name: "v", Declared: cty.EmptyObjectVal},
			Owner:       provider.Ownership{Project: "p", Address: "volume.v", Kind: provider.Volume, Spec: []byte(spec), Run: "r"},
		}, nil)
		wantProblem(t, err, provider.Invalid, "The declaration cannot be realised", name)
	}
}

// An object of a list that makes no sense is one problem that names it, and those
// around it are read. What bears no label of ours is known to be foreign.
func TestListsWithBrokenObjects(t *testing.T) {
	t.Parallel()
	deep := json.RawMessage(strings.Repeat("[", 200) + strings.Repeat("]", 200))
	good := bearing("good", "{}", nil)
	ours := docker.Labels(provider.Ownership{Project: "p", Address: "volume.x", Kind: provider.Volume})
	for name, c := range map[string]struct {
		broken  any
		detail  string
		address string
		foreign bool
	}{
		"null":         {nil, "Number 2 of the list of volumes: it has no name", "", false},
		"a text":       {"x", "Number 2 of the list of volumes: it is a string", "", false},
		"no name":      {map[string]any{"Driver": "local", "Labels": ours}, "Number 2 of the list of volumes: it has no name", "volume.x", false},
		"foreign":      {map[string]any{"Driver": 7, "Name": "other", "Labels": nil}, "The volume other: its Driver is a number", "", true},
		"labels":       {map[string]any{"Name": "other", "Labels": 7}, "The volume other: its Labels is a number", "", false},
		"ours":         {map[string]any{"Name": "x", "Driver": []int{}, "Labels": ours}, "The volume x: its Driver is an array", "volume.x", false},
		"twice":        {good, "The volume good: the engine lists it twice", "volume.good", false},
		"deep":         {map[string]any{"Name": "x", "Status": map[string]any{"a": deep}}, "The volume x: it is nested more than 100 deep", "", false},
		"many values":  {map[string]any{"Name": "x", "Options": make([]int, 200_000)}, "The volume x: it has more than 100000 values", "", false},
		"enormous":     {map[string]any{"Mountpoint": strings.Repeat("x", 9<<20), "Name": "x"}, "Number 2 of the list of volumes: it is longer than 8192 KiB", "", false},
		"a huge value": {map[string]any{"Name": "x", "UsageData": map[string]any{"Size": json.Number("99999999999999999999")}}, "The volume x: its UsageData.Size is a number 99999999999999999999", "", false},
	} {
		got, unread := observed(t, listing(t, good, c.broken, bearing("last", "{}", nil)))
		if len(got) != 2 || len(unread) != 1 {
			t.Errorf("%s: %d objects, unread %v", name, len(got), unread)
			continue
		}
		p := unread[0].Problem
		if !strings.HasPrefix(p.Detail, c.detail) || p.Address != c.address || unread[0].Foreign != c.foreign || p.Summary != "The engine's answer makes no sense" {
			t.Errorf("%s: %+v, foreign: %t", name, p, unread[0].Foreign)
		}
	}
}

// So many broken objects that nobody would read of them are counted.
func TestManyBrokenObjectsAreCounted(t *testing.T) {
	t.Parallel()
	got, unread := observed(t, listing(t, append(make([]any, 1000), bearing("good", "{}", nil))...))
	if len(got) != 1 || len(unread) != 21 || !strings.HasPrefix(unread[0].Problem.Detail, "980 more volumes") {
		t.Errorf("%d objects, %d problems, the first %v", len(got), len(unread), unread[0].Problem)
	}
}

// A list that is cut, or no list, is a problem of the whole.
func TestCutListsAreProblems(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{``, `{"Volumes":`, `{"Volumes":[`, `{"Volumes":[{"Name":"a"}`, `{"Volumes":[{"Name":"a"},`, `{"Volumes":{}}`, `[]`, `{"Volumes" [`, `{7:[]}`, `nul`} {
		err := observeAll(t.Context(), saying(t, "/volumes", answer))
		wantProblem(t, err, provider.EngineFailed, "The engine's answer makes no sense", "GET /volumes was answered with what is no JSON")
	}
	for _, answer := range []string{`null`, `{}`, `{"Volumes":null}`, ` { "Warnings" : [ 7 , "a]" ] , "Volumes" : [ ] } `} {
		if err := observeAll(t.Context(), saying(t, "/volumes", answer)); err != nil {
			t.Errorf("%s: %v", answer, err)
		}
	}
}

// Reading a list element by element gives what the decoder of the standard library
// finds in it, wherever the buffer ends.
func FuzzElements(f *testing.F) {
	for _, seed := range []string{
		`[]`, `null`, `[1,"a",{"b":[null,"}]\"\\"]},[[]],true]`, ` [ 1 , -2.5e3 ] `, `["\\","\"",",]"]`, `[{},{"":""}]`, `[1`, `[}`, `[1 2]`, `[,]`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var want []json.RawMessage
		if json.Unmarshal([]byte(text), &want) != nil {
			_, _, _ = docker.Elements(strings.NewReader(text), 1<<20, 100, 1000) // it comes back
			return
		}
		got, over, err := docker.Elements(strings.NewReader(text), 1<<20, 1<<20, 1<<20)
		if err != nil || over != 0 || len(got) != len(want) {
			t.Fatalf("%q: %q, %d over, %v; want %q", text, got, over, err, want)
		}
		for i := range got {
			if strings.TrimSpace(got[i]) != strings.TrimSpace(string(want[i])) {
				t.Errorf("%q: element %d is %q, want %q", text, i, got[i], want[i])
			}
		}
	})
}

// What certainly is nobody's does not keep from taking stock; what may be somebody's does.
func TestStockBesideBrokenObjects(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		broken any
		fails  bool
	}{
		"foreign": {map[string]any{"Name": "other", "Driver": 7, "Labels": nil}, false},
		"unknown": {nil, true},
	} {
		answer, err := json.Marshal(map[string]any{"Volumes": []any{bearing("good", "{}", nil), c.broken}, "Images": nil, "Containers": []any{7}})
		if err != nil {
			t.Fatal(err)
		}
		stock, err := saying(t, "/system/df", string(answer)).(provider.Stocker).Stock(t.Context(), provider.Root)
		if c.fails != (err != nil) || !c.fails && (len(stock.Stored) != 1 || stock.Stored[0].Name != "good") {
			t.Errorf("%s: %+v, %v", name, stock, err)
		}
		if c.fails {
			wantProblem(t, err, provider.EngineFailed, "The engine's answer makes no sense", "Number 2 of the list of volumes")
		}
	}
}

// A volume with a record of version 1 is taken stock of under the name that its record
// gives. Under another one it may be a copy, and nothing there tells.
func TestStockOfCopiedVolumes(t *testing.T) {
	t.Parallel()
	first := func(name, address, spec string) map[string]any {
		return bearing(name, spec, map[string]string{"dev.dindctl.schema": "1", "dev.dindctl.address": address})
	}
	answer, err := json.Marshal(map[string]any{"Volumes": []any{
		first("p-data", "volume.data", "{}"), first("chosen", "volume.other", `{"name":"chosen"}`), first("a-copy", "volume.data", "{}"), bearing("second", "{}", nil),
		bearing("second-copy", "{}", map[string]string{"dev.dindctl.created-name": "second"}),
	}, "Images": nil, "Containers": nil})
	if err != nil {
		t.Fatal(err)
	}
	stock, err := saying(t, "/system/df", string(answer)).(provider.Stocker).Stock(t.Context(), provider.Root)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range stock.Stored {
		names = append(names, s.Name)
	}
	slices.Sort(names)
	if got := strings.Join(names, " "); got != "chosen p-data second" {
		t.Errorf("stored are %s", got)
	}
}

// A container that bears a whole record and does not count where it is uses a volume as
// somebody else does: the volume cannot go before it is gone.
func TestWhatDoesNotCountIsAForeignUser(t *testing.T) {
	t.Parallel()
	labels := docker.Labels(provider.Ownership{
		Project: "p", Address: "container.box", Kind: provider.Container, Origin: "o", Spec: []byte("{}"), Run: "r", Name: "p-box", Place: "daemon.d",
	})
	volumes, err := json.Marshal(map[string]any{"Volumes": []any{bearing("p-keep", "{}", map[string]string{"dev.dindctl.created-name": "p-keep"})}})
	if err != nil {
		t.Fatal(err)
	}
	containers, err := json.Marshal([]any{map[string]any{
		"Id": strings.Repeat("a", 64), "Names": []string{"/copy"}, "Image": "bash", "ImageID": "", "State": "running", "Labels": labels,
		"Mounts": []any{map[string]any{"Type": "volume", "Name": "p-keep", "Destination": "/keep"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := configured(t, oddEngine(t, map[string]http.HandlerFunc{
		"GET /volumes":         func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(volumes) },
		"GET /containers/json": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(containers) },
	}), "5m")
	if err != nil {
		t.Fatal(err)
	}
	where := provider.Whereabouts{Addresses: map[string]string{"container.box": "daemon.d"}, Configured: true, Daemons: map[string]bool{"daemon.d": true}}
	found := map[string][]string{}
	if _, err := p.Observe(t.Context(), provider.ObserveRequest{Project: "p", Where: where}, func(o provider.Object) error {
		found[o.Name] = o.Users
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if users := found["p-keep"]; len(found) != 2 || !slices.Equal(users, []string{"container copy"}) {
		t.Errorf("found %v", found)
	}
}

// An image without a name is ours where nothing else bears the labels of its run. Of
// several one is ours and the others were built from it, whether it still has its name or not.
func TestStockOfImagesBuiltFromOurs(t *testing.T) {
	t.Parallel()
	made := func(id, run, schema string, tags ...string) map[string]any {
		labels := docker.Labels(provider.Ownership{Project: "p", Address: "image.app", Kind: provider.Image, Origin: "o", Spec: []byte("{}"), Run: run, Name: "p-app"})
		labels["dev.dindctl.name"], labels["dev.dindctl.schema"] = "p-app", schema
		return map[string]any{"Id": "sha256:" + strings.Repeat(id, 64), "RepoTags": tags, "Labels": labels}
	}
	answer, err := json.Marshal(map[string]any{"Volumes": nil, "Containers": nil, "Images": []any{
		made("a", "now", "2", "p-app:latest"), made("b", "now", "2"), made("c", "now", "2", "theirs:latest"),
		made("d", "before", "2"), made("e", "earlier", "2"), made("f", "earlier", "2"), made("0", "later", "3"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	stock, err := saying(t, "/system/df", string(answer)).(provider.Stocker).Stock(t.Context(), provider.Root)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, s := range stock.Stored {
		ids = append(ids, s.ID[7:8])
	}
	slices.Sort(ids)
	if got := strings.Join(ids, " "); got != "a d" {
		t.Errorf("stored are %s", got)
	}
}
