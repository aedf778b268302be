package killpoints_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// engine is the private engine of docker/test-engine, which this process may end
// and start again.
type engine struct {
	socket string
	client *http.Client
	argv   []string
	env    []string
	log    string
	pid    int
}

// hung is when a test that waits gives up. It proves nothing and only ends a test
// that would never end: what a test waits for may take a busy machine minutes.
const hung = 10 * time.Minute

func newEngine() (*engine, error) {
	e := &engine{socket: strings.TrimPrefix(os.Getenv("DOCKER_HOST"), "unix://")}
	e.client = &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", e.socket)
		},
		DisableKeepAlives: true,
	}}
	// An earlier test may have started it again.
	for _, pid := range append(childrenOf(1), childrenOf(os.Getpid())...) {
		argv := words(fmt.Sprintf("/proc/%d/cmdline", pid))
		if len(argv) > 0 && filepath.Base(argv[0]) == "dockerd" {
			e.pid, e.argv, e.env = pid, argv, words(fmt.Sprintf("/proc/%d/environ", pid))
			log, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/1", pid))
			e.log = log
			return e, err
		}
	}
	return nil, errors.New("the engine's process was not found")
}

// words reads a file of words that end with NUL.
func words(file string) []string {
	content, _ := os.ReadFile(file)
	return strings.Split(strings.TrimSuffix(string(content), "\x00"), "\x00")
}

// restart ends the engine as an init system does, and starts it again with the
// same arguments. It returns when the engine answers.
func (e *engine) restart() error {
	if err := syscall.Kill(e.pid, syscall.SIGTERM); err != nil {
		return fmt.Errorf("ending the engine: %w", err)
	}
	if err := until("the engine to end", func() bool { return syscall.Kill(e.pid, 0) != nil }); err != nil {
		return err
	}
	log, err := os.OpenFile(e.log, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("opening the engine's log: %w", err)
	}
	defer func() { _ = log.Close() }()
	path, err := lookPath(e.argv[0], e.env)
	if err != nil {
		return err
	}
	own := &exec.Cmd{Path: path, Args: e.argv, Env: e.env, Stdout: log, Stderr: log, SysProcAttr: &syscall.SysProcAttr{Setsid: true}}
	if err := own.Start(); err != nil {
		return fmt.Errorf("starting the engine: %w", err)
	}
	e.pid = own.Process.Pid
	go func() { _ = own.Wait() }() // or its process would stay, and seem not to end
	return until("the engine to answer", func() bool { return e.get("/_ping", nil) == nil })
}

// lookPath finds a program in the PATH of another process.
func lookPath(name string, env []string) (string, error) {
	for _, variable := range env {
		list, ok := strings.CutPrefix(variable, "PATH=")
		if !ok {
			continue
		}
		for _, dir := range filepath.SplitList(list) {
			path := filepath.Join(dir, name)
			if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 {
				return path, nil
			}
		}
	}
	return "", fmt.Errorf("%s is not in the engine's PATH", name)
}

// until waits for a condition.
func until(what string, holds func() bool) error {
	deadline := time.After(hung)
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for !holds() {
		select {
		case <-deadline:
			return fmt.Errorf("waiting for %s: not within %s", what, hung)
		case <-look.C:
		}
	}
	return nil
}

// get asks the engine; out is nil where the answer's content does not matter.
func (e *engine) get(path string, out any) error {
	resp, err := e.client.Get("http://engine" + path)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", path, resp.Status, bytes.TrimSpace(body))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(body, out)
}

// listing is what an engine holds, or the part that bears a project's label. Each
// list is sorted, and names an object as often as it is there.
type listing struct {
	Containers []string // with their state
	Networks   []string
	Volumes    []string
	Images     []string
}

// list reads a listing; without a project that of everything.
func (e *engine) list(project string) (listing, error) {
	filter := ""
	if project != "" {
		filter = "filters=" + url.QueryEscape(fmt.Sprintf(`{"label":["dev.dindctl.project=%s"]}`, project))
	}
	var containers []struct {
		Names []string
		State string
	}
	var networks []struct{ Name string }
	var volumes struct{ Volumes []struct{ Name string } }
	var images []struct {
		ID       string `json:"Id"`
		RepoTags []string
	}
	if err := errors.Join(e.get("/containers/json?all=1&"+filter, &containers), e.get("/networks?"+filter, &networks),
		e.get("/volumes?"+filter, &volumes), e.get("/images/json?"+filter, &images)); err != nil {
		return listing{}, err
	}
	var out listing
	for _, c := range containers {
		out.Containers = append(out.Containers, strings.TrimPrefix(strings.Join(c.Names, ","), "/")+" "+c.State)
	}
	for _, n := range networks {
		out.Networks = append(out.Networks, n.Name)
	}
	for _, v := range volumes.Volumes {
		out.Volumes = append(out.Volumes, v.Name)
	}
	for _, i := range images {
		if len(i.RepoTags) == 0 {
			i.RepoTags = []string{i.ID}
		}
		out.Images = append(out.Images, i.RepoTags...)
	}
	for _, list := range [][]string{out.Containers, out.Networks, out.Volumes, out.Images} {
		slices.Sort(list)
	}
	return out, nil
}

// mountpoint is the directory of a volume, in which this process may write.
func (e *engine) mountpoint(volume string) (string, error) {
	var v struct{ Mountpoint string }
	err := e.get("/volumes/"+volume, &v)
	return v.Mountpoint, err
}

// insideOf lists the containers inside a daemon's container, by name and state.
func (e *engine) insideOf(container string) ([]string, error) {
	cmd := exec.Command("docker", "exec", container, "docker", "ps", "-a", "--format", "{{.Names}} {{.State}}")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("looking into %s: %w", container, err)
	}
	lines := strings.FieldsFunc(string(out), func(c rune) bool { return c == '\n' })
	slices.Sort(lines)
	return lines, nil
}

func envNumber(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}
