package docker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// messageLimit bounds one message of a progress stream, in bytes. The largest that
// engines send are those of BuildKit's trace: it begins a new one after 1 MiB of
// output, which base64 makes a third longer.
// https://github.com/moby/buildkit/blob/v0.25.1/client/status.go
const messageLimit = 4 << 20

// message is one line of an engine's progress stream.
type message struct {
	Stream   string          `json:"stream"`
	Status   string          `json:"status"`
	ID       string          `json:"id"`
	Error    string          `json:"error"`
	Aux      json.RawMessage `json:"aux"`
	Progress *struct {
		Current int64 `json:"current"`
		Total   int64 `json:"total"`
	} `json:"progressDetail"`
}

// readMessages reads a progress stream to its end; an error in it is returned. It
// keeps one message at a time.
func readMessages(r io.Reader, each func(message)) error {
	bounded := &allowance{r: r}
	decoder := json.NewDecoder(bounded)
	for {
		bounded.left = messageLimit
		var m message
		switch err := decoder.Decode(&m); {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			return brokenOff{"a message"}
		case err != nil:
			return notAMessage(err)
		case m.Error != "":
			return errors.New(m.Error)
		}
		each(m)
	}
}

// notAMessage says of an error of encoding/json what it means here; others stay.
func notAMessage(err error) error {
	var syntax *json.SyntaxError
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &syntax) || errors.As(err, &mismatch) {
		return senseless(fmt.Sprintf("Its stream has something else where a message about progress should be (%v)", err))
	}
	return err
}

// allowance is a reader of so many bytes, and no more.
type allowance struct {
	r    io.Reader
	left int
}

func (a *allowance) Read(b []byte) (int, error) {
	if a.left <= 0 {
		return 0, tooLarge(fmt.Sprintf("One message about progress has more than %d MiB", messageLimit>>20))
	}
	n, err := a.r.Read(b[:min(len(b), a.left)])
	a.left -= n
	return n, err
}
