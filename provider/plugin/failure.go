package plugin

import (
	"context"
	"errors"

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
	out := &pb.Failure{Text: err.Error()}
	var p *provider.Problem
	if errors.As(err, &p) {
		out.Problem = &pb.Problem{
			Code: string(p.Code), Address: p.Address, Path: p.Path,
			Summary: p.Summary, Detail: p.Detail, Log: p.Log, Holder: p.Holder,
		}
	}
	switch {
	case errors.Is(err, context.Canceled):
		out.Reason = pb.Failure_CANCELED
	case errors.Is(err, context.DeadlineExceeded):
		out.Reason = pb.Failure_DEADLINE
	}
	return out
}

func readFailure(m *pb.Failure) error {
	if m == nil {
		return nil
	}
	var cause error
	if p := m.GetProblem(); p != nil {
		problem := &provider.Problem{
			Code: provider.Code(p.GetCode()), Address: p.GetAddress(), Path: p.GetPath(),
			Summary: p.GetSummary(), Detail: p.GetDetail(), Log: p.GetLog(), Holder: p.GetHolder(),
		}
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
