package docker

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-units"

	"github.com/dindctl/dindctl/provider"
)

// outputKept bounds what of a job's output becomes a value. Of more there is no value: a
// part would be another one.
const outputKept = 1 << 20

// output is what a job wrote; nil where it was not read. What is not there whole is
// withheld, by the stream's name, with the reason.
type output struct {
	stdout, stderr *string
	withheld       map[string]string
}

// into puts the output among the values of its object.
func (o output) into(v *provider.Values) {
	v.Stdout, v.Stderr, v.Withheld = o.stdout, o.stderr, o.withheld
}

func (o *output) withhold(stream, why string) {
	if o.withheld == nil {
		o.withheld = map[string]string{}
	}
	o.withheld[stream] = why
	if stream == "stdout" {
		o.stdout = nil
	} else {
		o.stderr = nil
	}
}

// kept keeps the first outputKept bytes of what is written to it. It knows how much that
// was, and how much room a log takes for it at most. The buffer has a name: of one that is
// embedded io.Copy would find ReadFrom, and go round Write.
type kept struct {
	first           bytes.Buffer
	written, logged int64 // bytes, and what a log takes for them but for long lines
}

func (k *kept) Write(b []byte) (int, error) {
	k.first.Write(b[:min(len(b), outputKept-k.first.Len())])
	k.written += int64(len(b))
	k.logged += loggedAs(b)
	return len(b), nil
}

func (k *kept) text() string { return k.first.String() }

// room is what a log takes for it, at most: a long line is several entries, and the last
// one need not end.
func (k *kept) room() int64 { return k.logged + (k.written/logPiece+1)*entryLogged }

// Why there is no value of an output.
const (
	rotatedAway = "its log was rotated, and its beginning is lost"
	lacking     = "its log lacks a part of it"
	inOneFile   = "its log is bounded to one file, of which nothing tells whether its beginning is lost: give it max-file = 2 or more"
	notBlocking = "its log does not block, and may lack a part of it"
)

// outputFrom is the output of a container that ended, as its record or its own voice has it.
// Whole says that it is known to be all of it.
func outputFrom(c container.InspectResponse, stdout, stderr *kept, whole bool) output {
	o, s := stdout.text(), stderr.text()
	out := output{stdout: &o, stderr: &s}
	lost := ""
	if !whole {
		lost = mayLack(c, stdout, stderr)
	}
	for _, one := range []struct {
		stream string
		kept   *kept
	}{{"stdout", stdout}, {"stderr", stderr}} {
		switch {
		case one.kept.written > outputKept:
			out.withhold(one.stream, fmt.Sprintf("it has %d bytes, and a value has at most 1 MiB", one.kept.written))
		case lost != "":
			out.withhold(one.stream, lost)
		}
	}
	return out
}

// mayLack is why what is left of a log may be a part; empty where it is all for certain.
func mayLack(c container.InspectResponse, stdout, stderr *kept) string {
	r := rotationOf(c)
	switch {
	case r.size > 0 && r.files <= 1: // what is left after the file was begun anew can be anything
		return inOneFile
	case r.mayHaveLost(stdout.room() + stderr.room()):
		return rotatedAway
	case leavesOut(c):
		return notBlocking
	}
	return ""
}

// leavesOut tells of a container's log that it leaves out what comes too fast.
func leavesOut(c container.InspectResponse) bool {
	return c.ContainerJSONBase != nil && c.HostConfig != nil && c.HostConfig.LogConfig.Config["mode"] == "non-blocking"
}

// recorded reads what a container that has ended wrote, from its log. Whole says that a
// record tells that this has all.
func (e *engine) recorded(ctx context.Context, c container.InspectResponse, whole bool) (output, error) {
	stdout, stderr, err := e.readOutput(ctx, c)
	if err != nil {
		return output{}, err
	}
	return outputFrom(c, stdout, stderr, whole), nil
}

// outputOf reads the first of what a container that has ended wrote.
func (e *engine) outputOf(ctx context.Context, c container.InspectResponse) (stdout, stderr *string, err error) {
	out, errs, err := e.readOutput(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	o, s := out.text(), errs.text()
	return &o, &s, nil
}

func (e *engine) readOutput(ctx context.Context, c container.InspectResponse) (stdout, stderr *kept, err error) {
	// A log may be long, and it takes its time to read it through.
	logs, err := e.read.ContainerLogs(byName(ctx), c.ID, container.LogsOptions{ShowStdout: true, ShowStderr: true})
	if err != nil {
		return nil, nil, e.problem(err, "reading the output of", "", c.ID)
	}
	defer func() { _ = logs.Close() }()
	stdout, stderr = &kept{}, &kept{}
	tty := c.Config != nil && c.Config.Tty
	if err := demultiplex(logs, tty, stdout, stderr); err != nil {
		return nil, nil, e.problem(err, "reading the output of", "", c.ID)
	}
	return stdout, stderr, nil
}

// rotation is how a container's log is bounded: it has at most so many files, each of at
// least a size, and the oldest goes for a new one. The zero value is not bounded.
type rotation struct {
	size  int64
	files int64
}

// What the driver "local" takes where nothing else is said.
// https://docs.docker.com/engine/logging/drivers/local/#options; the log that an engine
// keeps of what it sends elsewhere is one, too:
// https://docs.docker.com/engine/logging/dual-logging/
const (
	localSize  = 20 << 20
	localFiles = 5
)

func rotationOf(c container.InspectResponse) rotation {
	if c.ContainerJSONBase == nil || c.HostConfig == nil {
		return rotation{}
	}
	var r rotation
	prefix := ""
	switch c.HostConfig.LogConfig.Type {
	case "json-file":
		r.files = 1
	case "", "journald", "none": // what bounds them is not the container's
		return r
	case "local":
		r = rotation{localSize, localFiles}
	default: // the engine keeps a log of its own beside it, to read from
		prefix, r = "cache-", rotation{localSize, localFiles}
	}
	options := c.HostConfig.LogConfig.Config
	if size, err := units.RAMInBytes(options[prefix+"max-size"]); err == nil {
		r.size = max(size, 0)
	}
	if files, err := strconv.ParseInt(options[prefix+"max-file"], 10, 64); err == nil {
		r.files = files
	}
	return r
}

// mayHaveLost tells of what is left of a log, in bytes, whether something may have gone
// before it: then all files but the last are full. With one file that is always so.
func (r rotation) mayHaveLost(left int64) bool {
	return r.size > 0 && left >= r.size*(r.files-1)
}

// entryLogged is what a log has beside the text of an entry, at most, unless it is told
// to note labels.
const entryLogged = 80

// loggedAs is the room that a log takes for a piece of output, at most: every line is an
// entry, and a log of texts takes six bytes for what JSON escapes, and for a byte that is
// no part of a text.
func loggedAs(b []byte) int64 {
	n := int64(len(b))
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		switch {
		case r == '\n':
			n += entryLogged
		case r == utf8.RuneError && size == 1, r < ' ', r == '<', r == '>', r == '&':
			n += 5
		case r == '"' || r == '\\':
			n++
		case r == '\u2028' || r == '\u2029': // six in place of three
			n += 3
		}
		b = b[size:]
	}
	return n
}
