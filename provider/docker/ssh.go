package docker

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// sshDialer reaches an engine as the docker CLI does: `docker system dial-stdio`
// over ssh, with the user's own ssh configuration and agent.
func sshDialer(u *url.URL) dialFunc {
	args := sshArguments(u)
	return func(context.Context) (net.Conn, error) { return commandConn("ssh", args) }
}

// sshArguments are what ssh is told. It joins those of the command by spaces and hands
// them to the shell of the user there, which is taken for one of POSIX.
func sshArguments(u *url.URL) []string {
	// A question on the terminal would go under in what others print, once a connection.
	args := []string{"-T", "-o", "ConnectTimeout=30", "-o", "BatchMode=yes"}
	if user := u.User.Username(); user != "" {
		args = append(args, "-l", user)
	}
	if port := u.Port(); port != "" {
		args = append(args, "-p", port)
	}
	args = append(args, "--", u.Hostname(), "docker")
	if strings.Trim(u.Path, "/") != "" {
		args = append(args, "--host", forShell("unix://"+u.Path))
	}
	return append(args, "system", "dial-stdio")
}

// forShell is one word to a shell, which takes nothing in it for its own.
func forShell(word string) string {
	if strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// commandConn starts a command whose standard streams are a connection. It lives
// as long as the connection, not as long as the call that needed it first.
func commandConn(name string, args []string) (net.Conn, error) {
	cmd := exec.CommandContext(context.Background(), name, args...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c := &pipeConn{cmd: cmd, in: in, out: out, stderr: tailBuffer{limit: stderrKept}}
	cmd.Stderr = &c.stderr
	c.wait = sync.OnceFunc(func() { _ = cmd.Wait() })
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return c, nil
}

// pipeConn is a command as a connection.
type pipeConn struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    io.Reader
	stderr tailBuffer
	once   sync.Once
	wait   func() // for the command's end, and for all that it said
}

func (c *pipeConn) Read(b []byte) (int, error) {
	n, err := c.out.Read(b)
	if errors.Is(err, io.EOF) {
		err = c.ended(err)
	}
	return n, err
}

func (c *pipeConn) Write(b []byte) (int, error) {
	n, err := c.in.Write(b)
	if err != nil {
		err = c.ended(err)
	}
	return n, err
}

// partingWords is how long a command may take to say why it closed its streams.
const partingWords = 2 * time.Second

// ended is what the command said at its end, else the given error.
func (c *pipeConn) ended(err error) error {
	over := make(chan struct{})
	go func() {
		c.wait()
		close(over)
	}()
	timer := time.NewTimer(partingWords)
	defer timer.Stop()
	select {
	case <-over:
	case <-timer.C:
	}
	if said := c.stderr.text(); said != "" {
		return errors.New(said)
	}
	return err
}

// Close ends the command; it has a moment to do so by itself.
func (c *pipeConn) Close() error {
	c.once.Do(func() {
		_ = c.in.Close()
		kill := time.AfterFunc(2*time.Second, func() { _ = c.cmd.Process.Kill() })
		go func() {
			c.wait()
			kill.Stop()
		}()
	})
	return nil
}

func (c *pipeConn) LocalAddr() net.Addr              { return streamAddr{} }
func (c *pipeConn) RemoteAddr() net.Addr             { return streamAddr{} }
func (c *pipeConn) SetDeadline(time.Time) error      { return nil }
func (c *pipeConn) SetReadDeadline(time.Time) error  { return nil }
func (c *pipeConn) SetWriteDeadline(time.Time) error { return nil }

// tailBuffer keeps the last bytes that were written to it.
type tailBuffer struct {
	limit int // how many

	mu   sync.Mutex
	kept []byte
}

func (t *tailBuffer) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(b)
	b = b[max(0, n-t.limit):]
	if len(t.kept)+len(b) > 2*t.limit { // what is dropped is more than what is moved
		t.kept = append(t.kept[:0], t.kept[len(t.kept)-t.limit:]...)
	}
	t.kept = append(t.kept, b...)
	return n, nil
}

func (t *tailBuffer) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.kept[max(0, len(t.kept)-t.limit):]))
}
