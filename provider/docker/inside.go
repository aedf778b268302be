package docker

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"time"

	"github.com/dindctl/dindctl/provider"
)

// insideLimit is how long a helper tries to reach an engine.
const insideLimit = 15 * time.Second

// Inside is what dindctl does when it runs as a helper in an engine:
//
//	group PATH   prints the number of the group of the socket at PATH
//	engine       calls the engine that the environment names, and prints its
//	             version and its id
//	listens PORT TIME
//	             prints for so long whether something listens on a port of TCP in the network
//	             namespace that it has: at first, and whenever that changes
func Inside(ctx context.Context, args []string, environment map[string]string, out io.Writer) error {
	switch {
	case len(args) == 2 && args[0] == "group":
		return insideGroup(args[1], out)
	case len(args) == 1 && args[0] == "engine":
		return insideEngine(ctx, environment, out)
	case len(args) == 3 && args[0] == "listens":
		return insideListens(ctx, args[1], args[2], listenTables(), out)
	}
	return errors.New("usage: group PATH, engine, or listens PORT TIME")
}

// helperYes and helperNo are what a helper says of a port.
const (
	helperYes = "yes"
	helperNo  = "no"
)

func insideListens(ctx context.Context, number, limit string, tables []string, out io.Writer) error {
	port, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return fmt.Errorf("the port: %w", err)
	}
	most, err := time.ParseDuration(limit)
	if err != nil {
		return fmt.Errorf("the time: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	again := time.NewTicker(2 * readyLook)
	defer again.Stop()
	for said := ""; ; {
		now, err := listensNow(int(port), tables) //nolint:gosec // of 16 bits
		if err != nil {
			return err
		}
		if now != said {
			said = now
			if _, err := fmt.Fprintln(out, now); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-again.C:
		}
	}
}

// listensNow is helperYes or helperNo.
func listensNow(port int, tables []string) (string, error) {
	table := listeners{port: port}
	for _, name := range tables {
		if f, err := os.Open(name); err == nil {
			_, _ = io.Copy(&table, f)
			_ = f.Close()
		}
	}
	switch {
	case !table.read:
		return "", errors.New("there is no table of what listens")
	case table.found:
		return helperYes, nil
	}
	return helperNo, nil
}

func insideGroup(path string, out io.Writer) error {
	if group, ok := socketGroup(path); ok {
		_, err := fmt.Fprintln(out, group)
		return err
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("it does not exist")
	case err != nil:
		return err
	case info.IsDir():
		return errors.New("it is a directory")
	}
	return errors.New("it is a file, not a socket")
}

func insideEngine(ctx context.Context, environment map[string]string, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, insideLimit)
	defer cancel()
	chosen, err := chooseEndpoint(provider.ConfigureRequest{Environment: environment}, osFiles{})
	if err != nil {
		return err
	}
	w, err := chosen.way()
	if err != nil {
		return err
	}
	e, err := newEngine(provider.Root, w, 0, patience{silenceLimit, silenceLimitSlow})
	if err != nil {
		return err
	}
	defer e.close()
	facts, err := e.connect(ctx)
	if err != nil {
		return fmt.Errorf("%s: %s", chosen.who(), engineWords(err))
	}
	_, err = fmt.Fprintln(out, facts.Version, facts.ID)
	return err
}

// smallFile bounds what is read of one file in an archive.
const smallFile = 1 << 20

// firstFile reads the first regular file of an archive.
func firstFile(archive io.Reader) ([]byte, error) {
	r := tar.NewReader(archive)
	for {
		header, err := r.Next()
		if err != nil {
			return nil, fmt.Errorf("reading an archive: %w", err)
		}
		if header.Typeflag == tar.TypeReg {
			return io.ReadAll(io.LimitReader(r, smallFile))
		}
	}
}
