package runner

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/lines"
)

// LogsRequest asks for the output of several objects at once.
type LogsRequest struct {
	Provider provider.Provider
	Objects  []provider.Object
	// Ask holds what is wanted of each: Follow, Tail and Since. The rest is filled in.
	Ask provider.LogsRequest
	// Line gets every line, one at a time. Without Follow they come in the order of
	// their times over all objects; with it, as they are said. A line that is longer than
	// lines.Limit comes in parts, each of them a line.
	Line func(LogLine)
}

// LogLine is one line of an object's output.
type LogLine struct {
	Address string
	Stream  string // "stdout" or "stderr"
	// Stamp is the line's time as the engine wrote it (RFC 3339), and At the same;
	// empty and zero where the line has none.
	Stamp string
	At    time.Time
	Text  string // without its line end
}

// Log writes one object's output as it is, to the writers of the request.
func Log(ctx context.Context, p provider.Provider, object provider.Object, req provider.LogsRequest) diag.List {
	logger, able := power[provider.Logger](ctx, p, provider.PowerLogs)
	if !able {
		return noLogs()
	}
	req.Place, req.ID = object.Place, object.ID
	return problemsOf(logger.Logs(ctx, req), "The output could not be read", object.Owner.Address)
}

func noLogs() diag.List {
	return diag.Errorf("Output cannot be read here", "The provider keeps no output of objects.")
}

// Logs hands on the output of several objects. An object whose output cannot be
// read does not keep the others from being shown.
func Logs(ctx context.Context, req LogsRequest) diag.List {
	logger, able := power[provider.Logger](ctx, req.Provider, provider.PowerLogs)
	if !able {
		return noLogs()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	sources := make([]chan LogLine, len(req.Objects))
	errs := make([]error, len(req.Objects))
	shared := make(chan LogLine)
	var all sync.WaitGroup
	for i, object := range req.Objects {
		sources[i] = shared
		if !req.Ask.Follow {
			sources[i] = make(chan LogLine)
		}
		all.Go(func() {
			errs[i] = readLog(ctx, logger, object, req.Ask, sources[i])
			if !req.Ask.Follow {
				close(sources[i])
			}
		})
	}
	if req.Ask.Follow {
		go func() {
			all.Wait()
			close(shared)
		}()
		for line := range shared {
			req.Line(line)
		}
	} else {
		mergeLines(sources, req.Line)
	}
	all.Wait()
	var problems diag.List
	for i, err := range errs {
		if ctx.Err() == nil {
			problems = append(problems, problemsOf(err, "The output could not be read", req.Objects[i].Owner.Address)...)
		}
	}
	return problems
}

// readLog sends the lines of one object. Of one that is longer than lines.Limit every
// part is a line, at the time of the first.
func readLog(ctx context.Context, logger provider.Logger, object provider.Object, ask provider.LogsRequest, to chan<- LogLine) error {
	send := func(stream string) *lines.Splitter {
		var last LogLine
		return lines.New(func(text string, more bool) error {
			if more {
				last.Text = text
			} else {
				last = lineOf(object.Owner.Address, stream, text)
			}
			select {
			case to <- last:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}
	stdout, stderr := send("stdout"), send("stderr")
	ask.Place, ask.ID, ask.Timestamps = object.Place, object.ID, true
	ask.Stdout, ask.Stderr = stdout, stderr
	err := logger.Logs(ctx, ask)
	_ = stdout.Flush() // its only error is the end of the call
	_ = stderr.Flush()
	return err
}

// lineOf takes the time off a line.
func lineOf(address, stream, text string) LogLine {
	line := LogLine{Address: address, Stream: stream, Text: text}
	if stamp, rest, found := strings.Cut(text, " "); found {
		if at, err := time.Parse(time.RFC3339Nano, stamp); err == nil {
			line.Stamp, line.At, line.Text = stamp, at, rest
		}
	}
	return line
}

// mergeLines hands on the lines of several sources, each in its order, in the
// order of their times. It holds one line of each.
func mergeLines(sources []chan LogLine, each func(LogLine)) {
	heads := make([]*LogLine, len(sources))
	fill := func(i int) {
		heads[i] = nil
		if line, open := <-sources[i]; open {
			heads[i] = &line
		}
	}
	for i := range sources {
		fill(i)
	}
	for {
		first := -1
		for i, head := range heads {
			if head != nil && (first < 0 || head.At.Before(heads[first].At)) {
				first = i
			}
		}
		if first < 0 {
			return
		}
		each(*heads[first])
		fill(first)
	}
}
