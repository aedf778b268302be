package cli

import (
	"bufio"
	"context"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
)

// confirm asks and accepts one answer alone. Without an answer nothing is done.
func (s *session) confirm(ctx context.Context, approved bool, want, what, question string) error {
	if s.app.askedToEnd() { // while the plan was made, or because nobody reads it
		s.app.tell("\n" + what + " cancelled.\n")
		return exit(exitInterrupted)
	}
	if approved {
		return nil
	}
	s.app.tell("\n" + question)
	answer, given := s.answer(ctx)
	if ctx.Err() != nil {
		s.app.tell("\n\n" + what + " cancelled.\n")
		return exit(exitInterrupted)
	}
	if !given {
		s.app.tell("\n\n")
		detail := "There was no answer on standard input, so nothing was changed. Answer the question, or give -auto-approve (and -volumes, where data would be lost)."
		if want != "yes" {
			detail = "There was no answer on standard input, so nothing was changed. Type the project's name, or say which one is meant by the path of its configuration or, where it has none, by -project."
		}
		return s.app.fail(diag.Errorf("The question was not answered", "%s", detail), nil)
	}
	if answer == want {
		s.app.tell("\n")
		return nil
	}
	s.app.tell("\n" + what + " cancelled.\n")
	return exit(exitError)
}

// answer reads one line of standard input; given is false at its end. It returns
// when ctx is done, and leaves the reading behind: nothing else reads afterwards.
func (s *session) answer(ctx context.Context) (text string, given bool) {
	type line struct {
		text  string
		given bool
	}
	s.app.flushed()
	read := make(chan line, 1)
	go func() {
		text, err := bufio.NewReader(s.app.env.Stdin).ReadString('\n')
		text = strings.TrimSpace(text)
		read <- line{text, err == nil || text != ""}
	}()
	select {
	case l := <-read:
		return l.text, l.given
	case <-ctx.Done():
		return "", false
	}
}

// jsonNeedsConsent refuses to ask about a plan that is not shown.
func (s *session) jsonNeedsConsent() diag.List {
	if s.command.Bool("json") && !s.command.Bool("auto-approve") {
		return diag.Errorf("-json needs -auto-approve", "With -json the plan is not shown, so that nobody can agree to it. Give -auto-approve, or look at `dindctl plan` first.")
	}
	return nil
}
