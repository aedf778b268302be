package runner

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/outfile"
	"github.com/dindctl/dindctl/provider"
)

// LockDir is where the locks of this user on this machine are kept: in
// XDG_RUNTIME_DIR where that is set, else in a directory of the user's own below
// the directory for temporary files.
func LockDir(environment map[string]string) string {
	if dir := environment["XDG_RUNTIME_DIR"]; filepath.IsAbs(dir) {
		return filepath.Join(dir, "dindctl")
	}
	temp := firstOf(environment["TMPDIR"], "/tmp")
	return filepath.Join(temp, "dindctl-"+strconv.Itoa(os.Getuid()))
}

// lockHere locks the file of the engine and project, and writes into it who holds
// it. It completes the holder's boot id with the directory, because a free lock
// says something only to those who look into the same one.
func lockHere(ctx context.Context, req *LockRequest, w *waiter) (*os.File, diag.List) {
	if err := ownDir(req.Dir); err != nil {
		return nil, diag.List{{
			Severity: diag.Error, Code: "lock-directory", Summary: "The directory for locks cannot be used",
			Detail: fmt.Sprintf("Locks are kept in %s: %s. Make it writable for you alone, or set XDG_RUNTIME_DIR to a directory that is.", req.Dir, err),
		}}
	}
	if req.Holder.Boot == "" {
		req.Holder.Boot = bootOf(req.Dir)
	}
	path := lockPath(*req)
	for {
		file, err := tryLock(ctx, path)
		switch {
		case err == nil:
			if err = writeHolder(file, req.Holder); err == nil {
				return file, nil
			}
			unlockHere(file)
			return nil, lockFailed(path, err)
		case ctx.Err() != nil:
			return nil, problemsOf(context.Cause(ctx), "Waiting for the project's lock was interrupted", "")
		case !errors.Is(err, unix.EWOULDBLOCK):
			return nil, lockFailed(path, err)
		}
		holder := readHolder(path)
		if holder.Boot == req.Holder.Boot && holder.PID > 0 && errors.Is(unix.Kill(holder.PID, 0), unix.ESRCH) {
			w.grant()
		}
		if !w.again(ctx, holder) {
			return nil, locked(ctx, *req, holder, "on this machine")
		}
	}
}

func lockFailed(path string, err error) diag.List {
	return diag.List{{
		Severity: diag.Error, Code: "lock-directory", Summary: "The lock on this machine cannot be taken",
		Detail: fmt.Sprintf("The file %s cannot be locked: %s.", path, err),
	}}
}

// lockPath is the file that is locked for an engine and project.
func lockPath(req LockRequest) string {
	return filepath.Join(req.Dir, lockName(req.EngineID, req.Project))
}

// lockName is a file name for any engine and project.
func lockName(engine, project string) string {
	sum := sha256.Sum256([]byte(engine + "\x00" + project))
	return hex.EncodeToString(sum[:12]) + ".lock"
}

// tryLock opens and locks a file. Whoever finds that the path names another file
// by then (something cleans up there) begins again.
func tryLock(ctx context.Context, path string) (*os.File, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		file, err := outfile.Open(path, 0o600)
		if err != nil {
			return nil, err
		}
		if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			_ = file.Close()
			if errors.Is(err, unix.EINTR) {
				continue
			}
			return nil, err
		}
		if same(file, path) {
			return file, nil
		}
		_ = file.Close()
	}
}

func same(file *os.File, path string) bool {
	opened, err := file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(path)
	return err == nil && os.SameFile(opened, named)
}

// unlockHere unlocks for everybody who shares the descriptor: the run is over.
// The file stays, because another may be about to lock it.
func unlockHere(file *os.File) {
	_ = file.Truncate(0)
	_ = unix.Flock(int(file.Fd()), unix.LOCK_UN)
	_ = file.Close()
}

func writeHolder(file *os.File, holder provider.Holder) error {
	content, err := json.Marshal(holder)
	if err != nil {
		return err
	}
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err = file.WriteAt(append(content, '\n'), 0)
	return err
}

// readHolder reads who holds a lock, for a message; what cannot be read is empty.
func readHolder(path string) provider.Holder {
	var holder provider.Holder
	file, err := os.Open(path)
	if err != nil {
		return holder
	}
	defer func() { _ = file.Close() }()
	if content, err := io.ReadAll(io.LimitReader(file, 1<<16)); err == nil {
		_ = json.Unmarshal(content, &holder)
	}
	return holder
}

// ownDir makes a directory for this user alone, or checks one that is there.
func ownDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return reason(err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return reason(err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.IsDir():
		return errors.New("it is not a directory")
	case ok && int(stat.Uid) != os.Getuid():
		return fmt.Errorf("it belongs to user %d", stat.Uid)
	case info.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("others may write in it (mode %o)", info.Mode().Perm())
	}
	return reason(unix.Access(dir, unix.W_OK|unix.X_OK))
}

// reason leaves out the path that the message names already.
func reason(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
