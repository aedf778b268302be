package lines_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/provider/lines"
)

// split cuts a text that is written in pieces of n bytes. Parts of a line begin with "+".
func split(t *testing.T, text string, n int) []string {
	t.Helper()
	var out []string
	s := lines.New(func(text string, more bool) error {
		if len(text) > lines.Limit {
			t.Errorf("a line of %d bytes", len(text))
		}
		if more {
			text = "+" + text
		}
		out = append(out, text)
		return nil
	})
	for i := 0; i < len(text); i += n {
		piece := text[i:min(len(text), i+n)]
		if written, err := s.Write([]byte(piece)); written != len(piece) || err != nil {
			t.Fatalf("%d of %d bytes, %v", written, len(piece), err)
		}
		if s.Held() > lines.Limit {
			t.Fatalf("%d bytes are held", s.Held())
		}
	}
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	return out
}

// Lines come out as they were said, however the pieces are cut, and a longer one
// than Limit comes in parts that make it up.
func TestLinesAreWhatWasSaid(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", lines.Limit)
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"lines":                      {"a\nb\r\n\nc", []string{"a", "b", "", "c"}},
		"nothing":                    {"", nil},
		"a line of the limit":        {long + "\nb", []string{long, "b"}},
		"one byte more":              {long + "y\nb\n", []string{long, "+y", "b"}},
		"many times more":            {strings.Repeat(long, 3), []string{long, "+" + long, "+" + long}},
		"a character at the limit":   {long[1:] + "ä\nb", []string{long[1:], "+ä", "b"}},
		"an end at the limit":        {long[1:] + "\r\nb", []string{long[1:], "b"}},
		"an end behind the limit":    {long + "\r\nb", []string{long, "b"}},
		"no characters at the limit": {long[1:] + "\xff\xff\n", []string{long[1:] + "\xff", "+\xff"}},
	} {
		for _, n := range []int{1, 2, 1000, lines.Limit, 1 << 30} {
			if diff := cmp.Diff(c.want, split(t, c.text, n)); diff != "" {
				t.Errorf("%s in pieces of %d: %s", name, n, diff)
			}
		}
	}
}

// A line without an end costs time in proportion to its length, also byte by byte:
// looked for from its beginning for every byte, its end would cost years here.
func TestALineWithoutAnEndIsLinear(t *testing.T) {
	t.Parallel()
	got := 0
	s := lines.New(func(text string, _ bool) error { got += len(text); return nil })
	const size = 4 << 20
	block := bytes.Repeat([]byte("x"), 1<<20)
	for range size >> 20 {
		for i := range block {
			_, _ = s.Write(block[i : i+1])
		}
	}
	_ = s.Flush()
	if got != size {
		t.Errorf("%d of %d bytes", got, size)
	}
}

// What cannot be handed on is the writer's error, in every position.
func TestTheFirstErrorEnds(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"a\nb", strings.Repeat("x", lines.Limit+1)} {
		calls := 0
		s := lines.New(func(string, bool) error { calls++; return iotest.ErrTimeout })
		if _, err := s.Write([]byte(text)); !errors.Is(err, iotest.ErrTimeout) || calls != 1 {
			t.Errorf("%v after %d calls", err, calls)
		}
	}
}
