//go:build unix

package plugin

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// lifeline is the host's end of the socket pair that a provider inherits. The
// provider ends when it closes, and keeps the files that are sent over it.
type lifeline struct {
	mu   sync.Mutex
	conn *net.UnixConn
	far  *os.File // the provider's end, until it is started
}

// holdTimeout bounds the wait for a provider that does not take a file.
const holdTimeout = 30 * time.Second

// newLifeline makes the pair and gives one end to the command, which goes in a
// process group of its own, so that the terminal's Ctrl-C does not reach it.
func newLifeline(cmd *exec.Cmd) (*lifeline, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, fmt.Errorf("making a socket pair: %w", err)
	}
	// Neither end may leak into another child; ExtraFiles clears the flag for ours.
	unix.CloseOnExec(fds[0])
	unix.CloseOnExec(fds[1])
	near := os.NewFile(uintptr(fds[0]), "lifeline")
	far := os.NewFile(uintptr(fds[1]), "lifeline")
	conn, err := net.FileConn(near)
	_ = near.Close() // FileConn made its own
	if err != nil {
		_ = far.Close()
		return nil, fmt.Errorf("making a socket pair: %w", err)
	}
	cmd.ExtraFiles = append(cmd.ExtraFiles, far)
	cmd.Env = append(cmd.Env, lifelineVariable+"="+strconv.Itoa(2+len(cmd.ExtraFiles)))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return &lifeline{conn: conn.(*net.UnixConn), far: far}, nil //nolint:forcetypeassert // a unix socket's
}

// started closes the provider's end in this process.
func (l *lifeline) started() { _ = l.far.Close() }

func (l *lifeline) close() { _ = l.conn.Close() }

// hold sends f's descriptor and waits until the provider has it.
func (l *lifeline) hold(f *os.File) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	if err := l.conn.SetDeadline(time.Now().Add(holdTimeout)); err != nil {
		return err
	}
	var sending error
	err = raw.Control(func(fd uintptr) {
		_, _, sending = l.conn.WriteMsgUnix([]byte{0}, unix.UnixRights(int(fd)), nil)
	})
	if err := errors.Join(err, sending); err != nil {
		return fmt.Errorf("sending a file to the provider: %w", err)
	}
	if _, err := io.ReadFull(l.conn, make([]byte, 1)); err != nil {
		return fmt.Errorf("waiting for the provider to take a file: %w", err)
	}
	return nil
}

// watchHost ends this process when its host is gone, and keeps the files that the
// host sends until then.
func watchHost() error {
	text := os.Getenv(lifelineVariable)
	if text == "" {
		return nil
	}
	fd, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("reading %s: %w", lifelineVariable, err)
	}
	unix.CloseOnExec(fd)
	file := os.NewFile(uintptr(fd), "lifeline")
	c, err := net.FileConn(file)
	_ = file.Close()
	if err != nil {
		return fmt.Errorf("opening the lifeline: %w", err)
	}
	conn, ok := c.(*net.UnixConn)
	if !ok {
		return fmt.Errorf("opening the lifeline: it is a %T", c)
	}
	go func() {
		keepFiles(conn)
		if dir := os.Getenv(socketDirVariable); dir != "" {
			_ = os.RemoveAll(dir) // nobody else is left to do it
		}
		os.Exit(0) //nolint:forbidigo // without a host there is nobody to return to
	}()
	return nil
}

// keepFiles takes files until the host is gone. Their descriptors stay open until
// the process ends: nothing may close them earlier, a finalizer neither.
func keepFiles(conn *net.UnixConn) {
	control := make([]byte, unix.CmsgSpace(4*16))
	for {
		data := make([]byte, 1)
		n, controlled, _, _, err := conn.ReadMsgUnix(data, control)
		if err != nil || n == 0 {
			return
		}
		keepDescriptors(control[:controlled])
		if _, err := conn.Write(data); err != nil {
			return
		}
	}
}

// keepDescriptors marks received descriptors, so that children do not inherit
// them. They are plain numbers: what no os.File owns, no finalizer closes.
func keepDescriptors(control []byte) {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return
	}
	for _, m := range messages {
		fds, err := unix.ParseUnixRights(&m)
		if err != nil {
			continue
		}
		for _, fd := range fds {
			unix.CloseOnExec(fd)
		}
	}
}
