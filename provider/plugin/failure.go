package plugin

import (
	"context"
	"errors"
	"strings"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin/pb"
)

// remoteError is an error of the other side that is more than a Problem: its
// whole text, and the Problem or the context's error in its chain.
type remoteError struct {
	text  string
	cause error
}

func (e *remoteError) Error() string { return e.text }
func (e *remoteError) Unwrap() error { return e.cause }

func failure(err error) *pb.Failure {
	if err == nil {
		return nil
	}
	out := &pb.Failure{Text: sendable(err.Error())}
	var p *provider.Problem
	if errors.As(err, &p) {
		out.Problem = problem(p)
	}
	switch {
	case errors.Is(err, context.Canceled):
		out.Reason = pb.Failure_CANCELED
	case errors.Is(err, context.DeadlineExceeded):
		out.Reason = pb.Failure_DEADLINE
	}
	return out
}

// messageText bounds a text of a problem: nobody reads more, and what an engine
// said may be in it.
const messageText = 64 << 10

// sendable is a text as messages may bear it: as long as anybody reads, and UTF-8,
// without which gRPC would not send the message.
func sendable(text string) string {
	if len(text) > messageText {
		text = text[:messageText] + "…"
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

func problem(p *provider.Problem) *pb.Problem {
	if p == nil {
		return nil
	}
	out := &pb.Problem{
		Code: string(p.Code), Address: sendable(p.Address), Path: sendable(p.Path),
		Summary: sendable(p.Summary), Detail: sendable(p.Detail), Holder: sendable(p.Holder),
	}
	for _, line := range p.Log[max(0, len(p.Log)-logLines):] {
		out.Log = append(out.Log, sendable(line))
	}
	return out
}

// logLines bounds how many lines of output a problem bears.
const logLines = 200

func readProblem(p *pb.Problem) *provider.Problem {
	if p == nil {
		return nil
	}
	return &provider.Problem{
		Code: provider.Code(p.GetCode()), Address: p.GetAddress(), Path: p.GetPath(),
		Summary: p.GetSummary(), Detail: p.GetDetail(), Log: p.GetLog(), Holder: p.GetHolder(),
	}
}

func readFailure(m *pb.Failure) error {
	if m == nil {
		return nil
	}
	var cause error
	if problem := readProblem(m.GetProblem()); problem != nil {
		if problem.Error() == m.GetText() && m.GetReason() == pb.Failure_OTHER {
			return problem
		}
		cause = problem
	}
	switch m.GetReason() {
	case pb.Failure_CANCELED:
		cause = errors.Join(cause, context.Canceled)
	case pb.Failure_DEADLINE:
		cause = errors.Join(cause, context.DeadlineExceeded)
	case pb.Failure_OTHER:
	}
	return &remoteError{text: m.GetText(), cause: cause}
}

// refused answers for a power that the provider does not have.
func refused(power provider.Power) error {
	return &provider.Problem{
		Code:    provider.Refused,
		Summary: "The provider cannot do that",
		Detail:  "It does not have the power \"" + string(power) + "\".",
	}
}
