package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/client"

	"github.com/dindctl/dindctl/provider"
)

// engineWords is what an engine said, without the client's preambles.
func engineWords(err error) string {
	var known *provider.Problem
	if errors.As(err, &known) {
		return strings.TrimSuffix(known.Detail, ".")
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "there was no answer in time"
	}
	if client.IsErrConnectionFailed(err) && strings.Contains(err.Error(), engineHost) {
		return "nothing listens on its socket"
	}
	text := withoutURL(err)
	for _, prefix := range []string{"Error response from daemon: ", "error during connect: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return strings.TrimSuffix(strings.TrimSpace(shortened(text)), ".")
}

// withoutURL is an error in words, without the request that a client here names in it:
// what an engine says of requests of its own stays.
func withoutURL(err error) string {
	text := err.Error()
	var asked *url.Error
	if errors.As(err, &asked) {
		text = strings.Replace(text, asked.Error(), asked.Err.Error(), 1)
	}
	if i := strings.Index(text, engineHost); i >= 0 {
		if j := strings.Index(text[i:], `": `); j >= 0 {
			text = text[i+j+3:]
		}
	}
	return text
}

// wordsKept is how much is shown of what an engine says about one error, in bytes.
const wordsKept = 8 << 10

// shortened is the beginning of a text that is too long to be read by anybody.
func shortened(text string) string {
	if len(text) <= wordsKept {
		return text
	}
	return fmt.Sprintf("%s… (and %d bytes more)", strings.ToValidUTF8(text[:wordsKept], ""), len(text)-wordsKept)
}

// problem turns an engine's error into one for people. Doing says what was being
// done ("creating the network"), name what it was done to.
func (e *engine) problem(err error, doing, address, name string) error {
	var already *provider.Problem
	switch {
	case err == nil:
		return nil
	case errors.As(err, &already):
		return addressed(err, already, address)
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s %s: %w", doing, name, err)
	}
	known := explain(err)
	known.Address = address
	if known.Summary == "" {
		known.Summary = "The engine refused"
	}
	known.Detail = strings.TrimSpace(fmt.Sprintf("%s %s: %s. %s", strings.ToUpper(doing[:1])+doing[1:], name, engineWords(err), known.Detail))
	return known
}

// addressed is a problem that has an address, if it had none. It is a copy: the
// calls that a silent engine leaves without an answer all end with one problem.
func addressed(err error, p *provider.Problem, address string) error {
	_, several := err.(interface{ Unwrap() []error }) // a list stays a list
	if several || address == "" || p.Address != "" {
		return err
	}
	own := *p
	own.Address = address
	return &own
}

// explain recognises the bad luck that has a remedy; Detail is the advice alone.
func explain(err error) *provider.Problem {
	text := err.Error()
	for _, row := range remedies() {
		if row.pattern.MatchString(text) {
			return &provider.Problem{Code: row.code, Summary: row.summary, Detail: row.advice}
		}
	}
	var network net.Error
	switch {
	case client.IsErrConnectionFailed(err) || errors.As(err, &network):
		return &provider.Problem{Code: provider.Unreachable, Summary: "The engine does not answer", Detail: "Is it still running?"}
	case errdefs.IsNotFound(err):
		return &provider.Problem{Code: provider.NotFound, Summary: "The engine does not have it"}
	case errdefs.IsConflict(err) && nameTaken(text):
		return &provider.Problem{Code: provider.Conflict, Summary: "Something is in the way"}
	case errdefs.IsConflict(err): // with the state that it is in, or with what else it is
		return &provider.Problem{Code: provider.EngineFailed, Summary: "The engine refused"}
	case errdefs.IsInvalidArgument(err):
		return &provider.Problem{Code: provider.Invalid, Summary: "The engine does not accept this declaration"}
	case errdefs.IsPermissionDenied(err) || errdefs.IsUnauthorized(err):
		return &provider.Problem{Code: provider.Denied, Summary: "The engine does not permit it"}
	case errdefs.IsNotImplemented(err):
		return &provider.Problem{Code: provider.Refused, Summary: "The engine cannot do that"}
	}
	return &provider.Problem{Code: provider.EngineFailed}
}

// nameTaken knows the engines' words for a name that something else has, of a container,
// a network and a volume. They answer other refusals with the same status.
func nameTaken(text string) bool {
	return slices.ContainsFunc([]string{"is already in use by", "already exists", "name must be unique"}, func(words string) bool {
		return strings.Contains(text, words)
	})
}

type remedy struct {
	pattern *regexp.Regexp
	code    provider.Code
	summary string
	advice  string
}

// remedies are the engines' words for the bad luck that users meet most.
func remedies() []remedy {
	return []remedy{
		{
			regexp.MustCompile(`unable to apply caps|can't apply capabilities|unable to apply bounding set|unable to (set|apply) capabilities`),
			provider.Refused, "The host refuses a privileged container",
			"This engine gives a privileged container all capabilities, and the host lacks some of them (see CapBnd in /proc/self/status). " +
				"Use an engine of version 23 or later, or an OCI runtime that removes the capabilities that the host lacks (see docker/daemon/runtime-fit), or say privileged = false.",
		},
		{
			regexp.MustCompile(`port is already allocated|address already in use|ports are not available`),
			provider.Conflict, "A published port is taken",
			"Another container or process on the engine's host listens there (`docker ps` and `ss -ltnp` show which). Stop it, or publish another port.",
		},
		{
			regexp.MustCompile(`bind source path does not exist`),
			provider.Invalid, "A mount's source does not exist",
			"Sources are looked up in the file system of the engine that makes the container. Create it there, or say create_source = true.",
		},
		{
			regexp.MustCompile(`is not a shared mount|is not a shared or slave mount`),
			provider.Invalid, "A mount's propagation needs a shared source",
			"Make the source a shared mount on the engine's host, or leave propagation out.",
		},
		{
			regexp.MustCompile(`executable file not found|no such file or directory: unknown|exec: ".*": stat`),
			provider.Invalid, "The command is not in the image",
			"Check command and entrypoint.",
		},
		{
			regexp.MustCompile(`[uU]nknown runtime specified|unknown or invalid runtime name`),
			provider.Refused, "The engine does not have this runtime",
			"`docker info` lists its runtimes.",
		},
		{
			regexp.MustCompile(`no space left on device`),
			provider.EngineFailed, "The engine's disk is full",
			"`docker system df` shows what takes the space.",
		},
		{
			regexp.MustCompile(`could not find an available.*address pool|all predefined address pools`),
			provider.Refused, "The engine has no addresses left for another network",
			"Remove networks that are not used (`docker network prune`), or give the engine more default-address-pools.",
		},
		{
			regexp.MustCompile(`Pool overlaps with other one`),
			provider.Conflict, "The network's addresses are taken",
			"Another network of the engine uses them.",
		},
	}
}

// portIn finds the port that an engine's message about a taken port names.
func portIn(text string) string {
	m := regexp.MustCompile(`(?:Bind for |listen (?:tcp|udp)[46]? |failed to bind host port (?:for )?)\S*?:(\d+)`).FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return m[1]
}
