package hostile_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/dindctl/dindctl/internal/hostile"
	"github.com/dindctl/dindctl/internal/replay"
)

// counted counts how often an answer is asked for.
func counted(n *atomic.Int64, answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		answer(w, r)
	}
}

func countedOver(n *atomic.Int64, answer func(http.ResponseWriter, *http.Request, http.Handler)) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, engine http.Handler) {
		n.Add(1)
		answer(w, r, engine)
	}
}

// A frame that announces more than it has, or more than a memory has, is an error of
// the container whose output it is: what was read is not the whole of it.
func TestFramesThatAnnounceMoreThanTheyHave(t *testing.T) {
	t.Parallel()
	logs := `GET /containers/[0-9a-f]+/logs`
	for name, c := range map[string]struct {
		announced uint32
		content   string
	}{
		"4 GiB": {1<<32 - 1, "a beginning\n"}, "4 GiB and nothing": {1<<32 - 1, ""}, "cut": {100, "a beginning\n"}, "cut head": {0, ""},
	} {
		answer := hostile.Frame(c.announced, c.content)
		if name == "cut head" {
			answer = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte{1, 0, 0, 0, 0}) }
		}
		for where, at := range map[string]hostile.Where{"root": hostile.Root, "inside": hostile.Inside} {
			t.Run(name+" "+where, func(t *testing.T) {
				t.Parallel()
				var asked atomic.Int64
				s := site(t, "nested-twice", nil, hostile.Instead(at, logs, counted(&asked, answer)))
				address := "daemon.outer"
				if where == "inside" {
					address = "job.list"
				}
				if err := check(t, s, wants{exit: []int{1}, says: []string{"Error: "}, names: []string{address, "upgrade-nested-twice-"}}, s.Args("logs", address)...); err != nil {
					t.Errorf("logs: %v", err)
				}
				if where == "inside" { // whose output a plan needs
					if err := check(t, s, wants{exit: []int{0, 1}, names: []string{"job.list", "upgrade-nested-twice-list"}}, s.Args("plan")...); err != nil {
						t.Errorf("plan: %v", err)
					}
				}
				if asked.Load() == 0 {
					t.Error("nobody asked for the logs")
				}
			})
		}
	}
}

// reading are the commands that look at a project.
func reading(s *replay.Site) map[string][]string {
	return map[string][]string{
		"plan": s.Args("plan", "-files", "this"), "ls": s.Args("ls"), "show": s.Args("show"), "destroy": s.Args("destroy"),
	}
}

// everyReading checks each command that looks.
func everyReading(t *testing.T, s *replay.Site, w wants) {
	t.Helper()
	for name, args := range reading(s) {
		if err := check(t, s, w, args...); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func containerOf(r *replay.Recording, place int, address string) *replay.Object {
	for _, o := range r.Places[place].Containers {
		if o.Known().Labels["dev.dindctl.address"] == address {
			return o
		}
	}
	return nil
}

// A record that unpacks to more than a stack or a memory holds is an error of its
// object, at the root; inside a daemon, that daemon could not be looked into.
func TestRecordsThatAreBombs(t *testing.T) {
	t.Parallel()
	deep := hostile.Packed(`{"a":`, strings.Repeat("[", 1000), 5000)
	large := hostile.Packed(`{"a":"`, strings.Repeat("a", 1<<20), 64)
	names := hostile.Packed(`{`, `"a":1,`, 2_000_000)
	for name, record := range map[string]string{"deep": deep, "large": large, "many": names} {
		for place, address := range []string{"daemon.outer", "daemon.inner", "job.list"} {
			t.Run(name+" "+address, func(t *testing.T) {
				t.Parallel()
				s := site(t, "nested-twice", func(r *replay.Recording) {
					hostile.Relabel(containerOf(r, place, address), "dev.dindctl.spec", record)
				}, nil)
				everyReading(t, s, wants{exit: []int{0, 1}, names: []string{address, "upgrade-nested-twice-" + address[strings.Index(address, ".")+1:], "daemon."}})
			})
		}
	}
}

// Many records that each unpack to what one may are no message that fills the memory.
func TestManyRecordsThatAreBombs(t *testing.T) {
	t.Parallel()
	bomb := hostile.Packed(`{"a":"`, strings.Repeat("a", 1<<20), 15)
	whole := hostile.Packed(`{"image":"`+strings.Repeat("a", 15<<20)+`"}`, "", 0)
	for name, record := range map[string]string{"cut": bomb, "whole": whole} {
		for place, daemon := range []string{"", "daemon.outer"} {
			t.Run(fmt.Sprintf("%s %d", name, place), func(t *testing.T) {
				t.Parallel()
				s := site(t, "nested-twice", func(r *replay.Recording) {
					address := []string{"daemon.outer", "daemon.inner"}[place]
					of := containerOf(r, place, address)
					k := of.Known()
					for i := range 31 {
						o := hostile.Copy(of, k.Key(), hostile.ID(i), k.Names[0], fmt.Sprintf("%s-%d", k.Names[0], i), address, fmt.Sprintf("container.c%d", i), `"daemon"`, `"container"`)
						hostile.Relabel(o, "dev.dindctl.spec", record)
						r.Places[place].Containers = append(r.Places[place].Containers, o)
					}
				}, nil)
				everyReading(t, s, wants{exit: []int{0, 1}, names: []string{"container.c", "-outer-", daemon}})
			})
		}
	}
}

// A list with nothing in it that is something, and any part of an inspect that is
// null where Docker has a pointer: the object is named, and the others are read.
func TestNothingWhereSomethingShouldBe(t *testing.T) {
	t.Parallel()
	for call, answer := range map[string]string{
		"GET /volumes": `{"Volumes":[null]}`, "GET /containers/json": `[null]`, "GET /networks": `[null]`, "GET /images/json": `[null]`,
		"GET /volumes ": `{"Volumes":[{}]}`, "GET /containers/json ": `[{}]`, "GET /networks ": `[{}]`, "GET /images/json ": `[{}]`,
	} {
		for where, at := range map[string]hostile.Where{"root": hostile.Root, "inside": hostile.Inside} {
			t.Run(call+" "+where, func(t *testing.T) {
				t.Parallel()
				s := site(t, "nested-twice", nil, hostile.Instead(at, strings.TrimSpace(call), hostile.Once(answer)))
				everyReading(t, s, wants{exit: []int{0, 1}})
			})
		}
	}
	for path, value := range map[string]string{
		"HostConfig.Ulimits": "[null]", "HostConfig.BlkioWeightDevice": "[null]", "HostConfig.BlkioDeviceReadBps": "[null]", "HostConfig.BlkioDeviceWriteIOps": "[null]",
		"HostConfig.Devices": "[null]", "HostConfig.DeviceRequests": "[null]", "HostConfig.Mounts": "[null]", "HostConfig.PortBindings": `{"80/tcp":[null],"":null}`,
		"HostConfig.LogConfig": "null", "HostConfig.RestartPolicy": "null", "Mounts": "[null]", "Config.Healthcheck": "null", "State.Health": `{"Status":"x","Log":[null]}`,
		"NetworkSettings.Networks": `{"a":null}`, "NetworkSettings.Ports": `{"80/tcp":[null],"x":null}`, "Config.Env": "[null]", "Config.ExposedPorts": `{"":null}`, "Config.Volumes": `{"":null}`,
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			s := site(t, "nested-twice", func(r *replay.Recording) {
				for place, address := range []string{"daemon.outer", "daemon.inner", "job.list"} {
					hostile.Set(containerOf(r, place, address), value, strings.Split(path, ".")...)
				}
			}, nil)
			everyReading(t, s, wants{exit: []int{0, 1}})
		})
	}
}

// reads are the calls whose answers are read as a whole.
func reads() []string {
	return []string{
		`(GET|HEAD) /_ping`, `GET /info`, `GET /containers/json`, `GET /containers/[0-9a-f]+/json`,
		`GET /networks`, `GET /networks/[0-9a-f]+`, `GET /volumes`, `GET /images/json`, `GET /images/sha256:[0-9a-f]+/json`,
	}
}

// aSecond waits for one; false where nobody waits with it.
func aSecond(ctx context.Context) bool {
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// An answer without an end, one that comes a byte a second, and one that stops is
// given up: at the root with an error that names the call, inside with a reason for
// which the daemon could not be looked into.
func TestAnswersWithoutAnEnd(t *testing.T) {
	t.Parallel()
	type fault struct {
		name   string
		calls  string // a part of those that it is of; empty: all
		around func(hostile.Where, string, *atomic.Int64) replay.Around
	}
	instead := func(answer http.HandlerFunc) func(hostile.Where, string, *atomic.Int64) replay.Around {
		return func(at hostile.Where, calls string, n *atomic.Int64) replay.Around {
			return hostile.Instead(at, calls, counted(n, answer))
		}
	}
	over := func(answer func(http.ResponseWriter, *http.Request, http.Handler)) func(hostile.Where, string, *atomic.Int64) replay.Around {
		return func(at hostile.Where, calls string, n *atomic.Int64) replay.Around {
			return hostile.Over(at, calls, countedOver(n, answer))
		}
	}
	faults := []fault{
		{"a text without an end", "", instead(hostile.Endless(`[{"Id":"`, "a", nil))},
		{"blanks without an end", "/containers/", instead(hostile.Endless("", " ", nil))},
		{"brackets without an end", "/containers/", instead(hostile.Endless("", "[", nil))},
		{"nulls without an end", "/json", instead(hostile.Endless("[null", ",null", nil))},
		{"a byte a second", "", over(hostile.Trickling(aSecond))},
		{"it stops", "", over(hostile.Stopping)},
	}
	// They wait most of their time: more of them go at once than there are processors.
	var group errgroup.Group
	group.SetLimit(8)
	for _, f := range faults {
		for _, calls := range reads() {
			if f.calls != "" && !strings.Contains(calls, f.calls) || strings.Contains(f.name, "second") && (strings.Contains(calls, "/images/json") || strings.Contains(calls, "_ping")) {
				continue // it is read like others; and two bytes are there in two seconds
			}
			for where, at := range map[string]hostile.Where{"root": hostile.Root, "inside": hostile.Inside} {
				if where == "inside" && strings.Contains(calls, "networks/") {
					continue // no example has one there
				}
				var asked atomic.Int64
				s := site(t, "nested-twice", nil, f.around(at, calls, &asked))
				w := wants{exit: []int{1}, says: []string{"Error: "}}
				if where == "inside" {
					w = wants{exit: []int{0, 1}, says: []string{"daemon.outer"}}
				}
				group.Go(func() error {
					defer s.Close()
					if err := check(t, s, w, s.Args("plan", "-files", "this")...); err != nil {
						t.Errorf("%s, %s, %s: %v", f.name, calls, where, err)
					}
					if asked.Load() == 0 {
						t.Errorf("%s, %s, %s: nobody asked", f.name, calls, where)
					}
					return nil
				})
			}
		}
	}
	_ = group.Wait()
}

// A file that an engine says is of 8 GB, and that lies on no disk, is another one by
// its size: it is not read.
func TestASparseFileIsNotRead(t *testing.T) {
	t.Parallel()
	var sent atomic.Int64
	s := site(t, "ci-registry", nil, hostile.Instead(hostile.Root, `(GET|HEAD) /containers/[0-9a-f]+/archive`, hostile.Sparse(8<<30, &sent)))
	if err := check(t, s, wants{exit: []int{0, 1}, names: []string{"controller.ci", "controller.deploy", "daemon.build"}}, s.Args("plan", "-files", "this")...); err != nil {
		t.Error(err)
	}
	if sent.Load() > 64<<20 {
		t.Errorf("%d MiB of it were read", sent.Load()>>20)
	}
}

// A message of a pull or a build that has no end is an error of what was pulled or
// built.
func TestMessagesWithoutAnEnd(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"a message":  hostile.Endless(`{"status":"`, "a", nil),
		"brackets":   hostile.Endless(`{"aux":`, "[", nil),
		"a blank":    hostile.Endless("", " ", nil),
		"half a one": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"status":"Pull`)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var pulls, builds atomic.Int64
			s := site(t, "nested-twice", func(r *replay.Recording) {
				for _, p := range r.Places[:1] {
					p.Containers, p.Images = nil, nil
				}
			}, hostile.All(hostile.Instead(hostile.Root, `POST /images/create`, counted(&pulls, answer)), hostile.Instead(hostile.Root, `POST /build`, counted(&builds, answer))))
			for file, text := range map[string]string{
				"pull.hcl":  "project { name = \"p\" }\ncontainer \"pulled\" { \n  image        = \"somewhere.invalid/thing:1\"\n  network_mode = \"none\"\n}\n",
				"build.hcl": "project { name = \"p\" }\nimage \"built\" {\n  build {\n    dockerfile_inline = \"FROM scratch\\n\"\n  }\n}\n",
			} {
				if err := s.Write("own/"+file[:4]+"/"+file, text); err != nil {
					t.Fatal(err)
				}
				if err := check(t, s, wants{exit: []int{1}, says: []string{"Error: "}, names: []string{"container.pulled", "image.built"}},
					"apply", "own/"+file[:4]+"/"+file, "-auto-approve", "-H", "unix://"+s.Socket()); err != nil {
					t.Errorf("%s: %v", file, err)
				}
			}
			if pulls.Load() == 0 || builds.Load() == 0 {
				t.Errorf("%d pulls and %d builds were asked for", pulls.Load(), builds.Load())
			}
		})
	}
}

// tree serves engines of a test's own behind the socket of an example's site.
func tree(t *testing.T, of func(*replay.Recording) *hostile.Engine) *replay.Site {
	t.Helper()
	var root *hostile.Engine
	s := site(t, "nested-twice", func(r *replay.Recording) { root = of(r) }, func(p *replay.Place, engine http.Handler) http.Handler {
		if hostile.Root(p) {
			return hostile.Lock()(p, root)
		}
		return engine
	})
	return s
}

// holding is a place with only some containers, of an engine with an id of its own.
func holding(of *replay.Place, id string, containers ...*replay.Object) *replay.Place {
	p := *of
	p.Containers, p.Networks, p.Volumes = containers, nil, nil
	var info map[string]any
	if err := json.Unmarshal(of.Info, &info); err != nil {
		panic(err) // the recording is of another form
	}
	info["ID"] = id
	p.Info, _ = json.Marshal(info) // it was read from such a text
	return &p
}

// Engines that lead back to where they are, or on without an end, are looked at to
// some depth, and the rest is said not to be known.
func TestTreesWithoutAnEnd(t *testing.T) {
	t.Parallel()
	for name, of := range trees() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := tree(t, of)
			everyReading(t, s, wants{exit: []int{0, 1}, says: []string{"daemon.outer"}})
		})
	}
}

// trees are engines that have no end, by what is wrong with them.
func trees() map[string]func(*replay.Recording) *hostile.Engine {
	return map[string]func(*replay.Recording) *hostile.Engine{
		// An inner container that is labelled as the daemon that it is in.
		"a daemon inside itself": func(r *replay.Recording) *hostile.Engine {
			outer := r.Places[0].Containers[0]
			inner := hostile.Copy(outer, outer.Known().Key(), hostile.ID(1))
			inside := &hostile.Engine{Holds: holding(r.Places[1], "inner", inner)}
			inside.Inside = func(string) *hostile.Engine { return inside }
			return &hostile.Engine{Holds: r.Places[0], Inside: func(string) *hostile.Engine { return inside }}
		},
		// The same, and each engine says that it is another one.
		"a daemon inside itself that has another name each time": func(r *replay.Recording) *hostile.Engine {
			outer := r.Places[0].Containers[0]
			var inside func(depth int) *hostile.Engine
			inside = func(depth int) *hostile.Engine {
				inner := hostile.Copy(outer, outer.Known().Key(), hostile.ID(depth))
				return &hostile.Engine{
					Holds:  holding(r.Places[1], fmt.Sprint("at", depth), inner),
					Inside: func(string) *hostile.Engine { return inside(depth + 1) },
				}
			}
			return &hostile.Engine{Holds: r.Places[0], Inside: func(string) *hostile.Engine { return inside(1) }}
		},
		// The inner socket is the outer engine's: it is its own ancestor.
		"an engine that is its own ancestor": func(r *replay.Recording) *hostile.Engine {
			root := &hostile.Engine{Holds: r.Places[0]}
			root.Inside = func(string) *hostile.Engine { return root }
			return root
		},
		"20 levels of daemons": func(r *replay.Recording) *hostile.Engine {
			outer := r.Places[0].Containers[0]
			var level func(depth int) *hostile.Engine
			level = func(depth int) *hostile.Engine {
				if depth > 20 {
					return &hostile.Engine{Holds: holding(r.Places[1], fmt.Sprint("at", depth))}
				}
				inner := hostile.Copy(outer, outer.Known().Key(), hostile.ID(depth), "daemon.outer", fmt.Sprintf("daemon.d%02d", depth), "upgrade-nested-twice-outer", fmt.Sprintf("upgrade-nested-twice-d%02d", depth))
				return &hostile.Engine{
					Holds:  holding(r.Places[1], fmt.Sprint("at", depth), inner),
					Inside: func(string) *hostile.Engine { return level(depth + 1) },
				}
			}
			return &hostile.Engine{Holds: r.Places[0], Inside: func(string) *hostile.Engine { return level(1) }}
		},
		// Many daemons in each daemon: a tree may not grow with the power of its depth.
		"12 daemons in each daemon": func(r *replay.Recording) *hostile.Engine {
			outer := r.Places[0].Containers[0]
			inside := &hostile.Engine{Holds: holding(r.Places[1], "inner")}
			for i := range 12 {
				inside.Holds.Containers = append(inside.Holds.Containers, hostile.Copy(outer, outer.Known().Key(), hostile.ID(i), "daemon.outer", fmt.Sprint("daemon.d", i)))
			}
			inside.Inside = func(string) *hostile.Engine { return inside }
			return &hostile.Engine{Holds: r.Places[0], Inside: func(string) *hostile.Engine { return inside }}
		},
	}
}

// Of a tree of daemons eight levels are looked at, and of a wide one 256 daemons, and
// it is said where it goes on.
func TestEightLevelsAreLookedAt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		of func(*replay.Recording) *hostile.Engine
		w  wants
	}{
		"20 levels":        {trees()["20 levels of daemons"], wants{exit: []int{0}, says: []string{"daemon.d01", "daemon.d07", "cannot be looked into: "}, never: []string{"daemon.d09"}}},
		"its own ancestor": {trees()["an engine that is its own ancestor"], wants{exit: []int{0}, says: []string{"daemon.outer", "leads back to the engine"}}},
		"a wide tree":      {wide, wants{exit: []int{0}, says: []string{"daemon.d00", "there are more than 256 daemons"}}},
	} {
		s := tree(t, c.of)
		if err := check(t, s, c.w, s.Args("ls")...); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// wide has four other daemons in each daemon, each of which is another engine: eight
// levels of them are more than anybody can look at.
func wide(r *replay.Recording) *hostile.Engine {
	outer := r.Places[0].Containers[0]
	var inside func(path string) *hostile.Engine
	inside = func(path string) *hostile.Engine {
		e := &hostile.Engine{Holds: holding(r.Places[1], "at"+path)}
		at := map[string]string{}
		for i := range 4 {
			id := hostile.ID(i)
			at[id] = fmt.Sprint(path, i)
			e.Holds.Containers = append(e.Holds.Containers, hostile.Copy(outer, outer.Known().Key(), id, "daemon.outer", "daemon.d"+at[id], "upgrade-nested-twice-outer", "upgrade-nested-twice-d"+at[id]))
		}
		e.Inside = func(id string) *hostile.Engine { return inside(at[id]) }
		return e
	}
	return &hostile.Engine{Holds: r.Places[0], Inside: func(string) *hostile.Engine { return inside("") }}
}

// What somebody inside a daemon has labelled as an object outside is not taken for
// it: nothing is run in it and nothing is copied into it.
func TestImpostorsInside(t *testing.T) {
	t.Parallel()
	for name, gone := range map[string]bool{"beside the real one": false, "instead of it": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var inside []string
			note := func(w http.ResponseWriter, r *http.Request, engine http.Handler) {
				inside = append(inside, r.Method+" "+replay.Path(r))
				engine.ServeHTTP(w, r)
			}
			s := site(t, "case2", func(r *replay.Recording) {
				real := containerOf(r, 0, "controller.control")
				r.Places[1].Containers = append(r.Places[1].Containers, hostile.Copy(real, real.Known().Key(), hostile.ID(7)))
				if gone {
					r.Places[0].Containers = slices.DeleteFunc(r.Places[0].Containers, func(o *replay.Object) bool { return o == real })
				}
			}, hostile.Over(hostile.Inside, `(POST|PUT|DELETE|GET|HEAD) /(containers|exec)/`+hostile.ID(7)+`/(exec|archive|start|attach|kill|stop)`, note))
			for _, args := range [][]string{
				s.Args("exec", "controller.control", "--", "true"), s.Args("cp", "examples/marker.txt", "controller.control:/secret"),
			} {
				_ = run(t, s, time.Minute, args...) // a replayed engine runs nothing
			}
			if len(inside) > 0 {
				t.Errorf("the impostor was asked for %q", inside)
			}
			everyReading(t, s, wants{exit: []int{0, 1}, says: []string{"daemon.dind"}})
		})
	}
}
