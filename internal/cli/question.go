package cli

import (
	"bufio"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
)

// confirm asks and accepts one answer alone. Without an answer nothing is done.
func (s *session) confirm(approved bool, want, what, question string) error {
	if approved {
		return nil
	}
	s.app.tell("\n" + question)
	line, err := bufio.NewReader(s.app.env.Stdin).ReadString('\n')
	answer := strings.TrimSpace(line)
	if err != nil && answer == "" {
		s.app.tell("\n\n")
		detail := "There was no answer on standard input, so nothing was changed. Answer the question, or give -auto-approve."
		if want != "yes" {
			detail = "There was no answer on standard input, so nothing was changed. The project was guessed: type its name, or name it by -project or by the path of its configuration."
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
