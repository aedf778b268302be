package diag

import (
	"strings"
	"sync"
)

// CodeOf is the code of the kind of problem that a summary names; empty for one
// that the catalogue does not have, such as another people's provider's. The page
// docs/errors/CODE.md explains it.
func CodeOf(summary string) string {
	known := codes()
	if code, found := known.exact[summary]; found {
		return code
	}
	for _, b := range known.beginnings {
		if strings.HasPrefix(summary, b.text) {
			return b.code
		}
	}
	return ""
}

// byCode are the summaries of the catalogue, to be found quickly.
type byCode struct {
	exact      map[string]string
	beginnings []beginning
}

type beginning struct{ text, code string }

//nolint:gochecknoglobals // made once because every one of thousands of problems is looked up; it never changes
var codes = sync.OnceValue(func() byCode {
	out := byCode{exact: map[string]string{}}
	for _, kind := range Catalogue() {
		for _, s := range kind.Summaries {
			if text, open := strings.CutSuffix(s, "*"); open {
				out.beginnings = append(out.beginnings, beginning{text, kind.Code})
				continue
			}
			if _, twice := out.exact[s]; !twice {
				out.exact[s] = kind.Code
			}
		}
	}
	return out
})

// PageCode is the code of a problem, if there is a page for it; else empty. The
// summary decides: the field Code holds what programs react to.
func (p Problem) PageCode() string {
	if code := CodeOf(p.Summary); code != "" {
		return code
	}
	for _, kind := range Catalogue() {
		if kind.Code == p.Code {
			return p.Code
		}
	}
	return ""
}

// Kind is one kind of problem.
type Kind struct {
	// Code is its short name, for people to search for: lower-case words with hyphens.
	Code string
	// Summaries are the headlines under which it is shown. One that ends in "*"
	// stands for all that begin so.
	Summaries []string
}

// Catalogue is every kind of problem that dindctl knows, by code. The floors that
// make problems do not import each other, so that their summaries are what is
// common; a test compares this list with the source.
func Catalogue() []Kind {
	return append(append(append(languageKinds(), ParserKinds()...), commandKinds()...), engineKinds()...)
}

// languageKinds are about what stands in a configuration.
func languageKinds() []Kind {
	return []Kind{
		{"address-family", []string{"Addresses that the network has switched off"}},
		{"address-outside", []string{"Address that the network does not have"}},
		{"alias-not-certified", []string{"Name that the daemon's certificate does not hold"}},
		{"bare-name", []string{"Bare name as a source"}},
		{"check-failed", []string{"A check does not hold"}},
		{"build-context", []string{"Build context that cannot be read", "The build's context cannot be read", "The build's context does not keep still"}},
		{"conflicting-arguments", []string{
			"Arguments that exclude each other", "Argument that means nothing here", "Argument of a daemon that exists already", "Two names of one project",
			"Setting of a daemon that is given twice",
		}},
		{"covered-file", []string{"File that a mount covers"}},
		{"cycle", []string{"Blocks that need each other", "Local values that need each other", "Module that contains itself"}},
		{"daemon-json-twice", []string{"Setting in daemon.json that is on the command line as well"}},
		{"data-not-on-volume", []string{"Data of a daemon that is not on a volume"}},
		{"different-paths", []string{"One directory at different paths in daemon and controller"}},
		{"duplicate-alias", []string{"Alias of two daemons on one network", "Alias of a daemon that something else answers to"}},
		{"duplicate-block", []string{"Duplicate block", "Duplicate declaration", "File that is put in twice", "Network that is joined twice"}},
		{"duplicate-name", []string{"Two objects of one name"}},
		{"duplicate-port", []string{"Port that is published twice"}},
		{"duplicate-target", []string{"Two mounts at one place"}},
		{"env-file", []string{"File of variables that cannot be read"}},
		{"file-elsewhere", []string{"File that would be written through a mount"}},
		{"foreign-socket", []string{"Socket of another engine"}},
		{"inner-mtu", []string{"Packets inside a daemon that are larger than its network takes"}},
		{"invalid-move", []string{
			"Two moves of one address", "Two moves to one address", "Move to another kind", "Move that goes nowhere",
			"Move of something that is still declared", "Move to something that is not declared", "Moves that lead back to where they began",
		}},
		{"invalid-name", []string{"Invalid label", "Invalid name", "Invalid name of a project"}},
		{"invalid-path", []string{"Invalid target of a mount", "Path that is not absolute", "Path that is not expanded", "Source of a module that is no local directory"}},
		{"invalid-value", []string{
			"Invalid -var", "Invalid default", "Invalid duration", "Invalid number", "Invalid value", "Invalid value of a variable", "Invalid name of a volume", "Invalid address", "Invalid version", "Invalid endpoint",
			"Trigger that is no block",
		}},
		{"missing-argument", []string{"Missing argument", "Missing source", "Missing required argument"}},
		{"missing-key", []string{"Which instance is meant is not said"}},
		{"missing-variable", []string{"Variable without a value"}},
		{"mount-aliased", []string{"Mount source is aliased: the daemon has something else there"}},
		{"mount-clash", []string{"Two mounts meet at one place"}},
		{"mount-hidden", []string{"Mount source is hidden from the daemon"}},
		{"mount-partial", []string{"Mount source is visible only in part"}},
		{"mount-shadowed", []string{"Mount source is shadowed by the daemon's entrypoint"}},
		{"mount-unknown", []string{"Mount source cannot be checked yet"}},
		{"mount-visible", []string{"Mount source is visible, with a doubt"}},
		{"no-configuration", []string{"No configuration", "There is no configuration here"}},
		{"no-docker-cli", []string{"No docker CLI to bind", "The host's docker CLI cannot run in the controller"}},
		{"no-repetition", []string{"Name of an instance where nothing repeats", "Key of a block that does not repeat"}},
		{"no-such-attribute", []string{
			"Attribute that this kind of block does not have", "Unknown attribute of a reference", "Output that a module does not have",
		}},
		{"no-such-instance", []string{"Instance that is not there"}},
		{"no-socket", []string{"Socket that is none", "The daemon's socket cannot be used"}},
		{"not-enabled", []string{"Attribute of something that is not enabled", "Reference to something that is not enabled"}},
		{"not-in-module", []string{"Block that a module cannot have"}},
		{"not-supported", []string{"Guard blocks are not supported yet"}},
		{"own-path", []string{"Absolute path that is something else in dindctl's own container"}},
		{"own-root", []string{"Source that only dindctl's own container has"}},
		{"own-volume", []string{"Part of a volume that the engine cannot mount"}},
		{"overlapping-pool", []string{"Addresses inside a daemon that overlap a network outside"}},
		{"plain-daemon", []string{"Daemon without TLS"}},
		{"reserved-name", []string{"Reserved name"}},
		{"other-daemon", []string{"Controller that calls another daemon than its own", "Another engine than its daemon answers it"}},
		{"sensitive-value", []string{"Sensitive value in an output", "Sensitive value where it would be shown", "A secret is not shown", "Secrets that are not known are not hidden"}},
		{"shared-certificates", []string{"Client certificates of two daemons in one place"}},
		{"shared-data", []string{"Data volume of two daemons", "Data of a daemon that something else writes to"}},
		{"storage-driver", []string{"Storage driver that the daemon's image store refuses"}},
		{"tls-port", []string{"TLS and port that do not fit"}},
		{"too-deep", []string{"Expression too long", "Nesting too deep"}},
		{"too-large", []string{"File too large", "Number too long", "Expression that makes too much"}},
		{"too-many", []string{"Too many instances", "Too many modules", "Too many elements", "Too many blocks", "Too many dependencies"}},
		{"two-daemons", []string{"Controller with a socket and a daemon"}},
		{"undeclared-name", []string{"Reference to something that is not declared", "Value for a variable that is not declared"}},
		{"unknown-address", []string{"Unknown address", "There is no such container", "It is not there", "An address names nothing", "There is no such job"}},
		{"unknown-name", []string{"Unknown name", "Unknown variable"}},
		{"unknown-provider", []string{"Unknown provider"}},
		{"unknown-value", []string{"Value that is not known in time", "Something about an object is not known"}},
		{"unreachable-daemon", []string{"Controller that cannot reach its daemon"}},
		{"unreadable-file", []string{"File that cannot be read", "Module that cannot be read"}},
		{"unwritable-file", []string{"File that cannot be written"}},
		{"wrong-engine", []string{"Object of another engine", "Volume of another engine"}},
		{"wrong-kind", []string{"Reference to the wrong kind of block"}},
		{"wrong-version", []string{"Version that the project does not want"}},
		{"wrong-type", []string{"Wrong type of value"}},
	}
}

// commandKinds are about the command line, plans, runs and locks.
func commandKinds() []Kind {
	return []Kind{
		{"daemon-not-ready", []string{
			"A daemon cannot be looked into", "A daemon could not be looked into", "A daemon does not answer", "A daemon is not there",
			"Its daemon does not answer it", "The daemon cannot be reached",
		}},
		{"data-loss", []string{"Data would be lost"}},
		{"defect", []string{
			"A step needs a configuration", "A plan cannot be made again", "Steps wait for each other in a circle", "The plan cannot be carried out",
			"The provider could not compare", "The provider does not describe itself",
		}},
		{"expires", []string{"Something expires soon, or has expired"}},
		{"left-out", []string{"Something is not supported here, and was left out"}},
		{"job-ends", []string{"A job ends with its daemon"}},
		{"no-terminal", []string{"Standard input is no terminal", "The terminal could not be used", "A tar archive and a terminal do not go together"}},
		{"path-missing", []string{"The path is not there", "A tar archive needs a directory"}},
		{"interrupted", []string{
			"The run was interrupted", "The job was stopped", "Waiting was interrupted", "Waiting for the project's lock was interrupted",
		}},
		{"later-records", []string{"An object was made by a later dindctl", "The object was made by a later version of dindctl"}},
		{"two-of-one-address", []string{"Several objects pass for one address"}},
		{"unclear-name", []string{"A record does not say whether an object is meant"}},
		{"lock-directory", []string{"The directory for locks cannot be used", "The lock on this machine cannot be taken"}},
		{"lock-failed", []string{
			"The engine's lock cannot be read", "The engine's lock cannot be removed", "The engine's lock cannot be taken",
			"The lock could not be handed to the provider",
			"The lock of a dead run cannot be removed", "There is no lock to release",
		}},
		{"lock-lost", []string{"The lock was taken away"}},
		{"lock-stays", []string{"The engine's lock could not be given back"}},
		{"lock-taken-over", []string{"The lock of a dead run was taken over"}},
		{"locked", []string{"The project is locked"}},
		{"name-taken", []string{"The name is taken", "Something is in the way"}},
		{"no-answer", []string{"The question was not answered", "-json needs -auto-approve"}},
		{"no-output", []string{"There are no outputs", "There is no such output", "The output has no text"}},
		{"no-project", []string{"It is not said which project is meant"}},
		{"no-such-external", []string{"Something external is not there", "An external object does not exist"}},
		{"not-formatted", []string{"Not a file that fmt formats", "File that cannot be formatted safely"}},
		{"not-running", []string{"It does not run", "It is paused", "Nothing runs there", "It cannot be stopped and started", "It was never started", "Something stays stopped"}},
		{"not-shown", []string{"A step was not shown in the plan", "A replacement was not shown in the plan"}},
		{"output-lost", []string{"Standard output was not written whole"}},
		{"own-container", []string{"The container of dindctl could not be looked at", "The container of dindctl is not there"}},
		{"plan-file", []string{
			"The plan file cannot be read", "The plan was not written", "A plan file says itself what is to be done", "The plan is for another engine",
			"The plan cannot be compared", "The plan was made with another flag", "A plan file leaves out secrets",
		}},
		{"plan-stale", []string{"The plan is stale", "A volume of the plan is gone", "A volume of the plan is another one now"}},
		{"prevented", []string{"An object is kept by prevent_destroy"}},
		{"project-elsewhere", []string{"Another configuration has a project of this name"}},
		{"provider-failed", []string{
			"The provider could not be started", "The provider did not start", "The provider ended unexpectedly", "The provider cannot do that",
			"Commands cannot be run here", "Output cannot be read here", "Files cannot be copied here", "Objects cannot be stopped here",
			"Disk use cannot be listed here",
		}},
		{"provider-program", []string{
			"Not the name of a provider", "The provider's program is not there", "The provider's program is not pinned",
			"The provider's program is another one than was pinned",
		}},
		{"surroundings-changed", []string{"Something around an object has changed"}},
		{"step-failed", []string{
			"A step did not succeed", "An object could not be changed", "An object could not be created", "An object could not be removed",
			"An object could not be started", "An object could not be restarted", "A job could not be run", "The command could not be run",
			"An object could not be stopped", "The output could not be read", "Files could not be copied",
		}},
		{"unknown-command", []string{"There is no such command", "There is no such code"}},
		{"verdict-contradicted", []string{"Verdict that reality contradicts"}},
		{"verify-failed", []string{"The mounts could not be looked at"}},
		{"usage", []string{"The command line was not understood"}},
	}
}

// engineKinds are what engines answer, and what becomes of what they run.
func engineKinds() []Kind {
	return []Kind{
		{"addresses-taken", []string{"The network's addresses are taken", "The engine has no addresses left for another network"}},
		{"certificates", []string{
			"The engine's certificates cannot be used", "The engine does not accept the client's certificate",
			"The engine asks for a client's certificate", "The engine's certificate is not accepted", "The engine does not speak TLS", "The engine speaks TLS",
		}},
		{"command-not-found", []string{"The command is not in the image"}},
		{"disk-full", []string{"The engine's disk is full"}},
		{"docker-context", []string{"The docker configuration cannot be read", "The docker context cannot be used", "There is no such docker context"}},
		{"engine-address", []string{"The engine's address cannot be used"}},
		{"engine-denied", []string{"No permission to use the Docker engine", "The engine does not permit it"}},
		{"engine-refused", []string{"The engine refused", "The engine cannot do that", "The engine's host cannot be looked at", "The engine does not have it", "The engine has lost count of a network's endpoints"}},
		{"engine-answer", []string{"The engine's answer makes no sense", "The engine's answer is too large"}},
		{"engine-timeout", []string{"The engine's time limit cannot be read"}},
		{"engine-unreachable", []string{
			"The Docker engine cannot be reached", "The engine could not be reached", "The engine could not be looked at", "The engine does not answer",
		}},
		{"host-login", []string{
			"The host key is not known", "The host refuses the login", "The host is not known by this name", "The host has no docker command",
		}},
		{"image-build", []string{"The image cannot be built", "Secrets in a build without BuildKit"}},
		{"image-missing", []string{"An image is missing", "An image needs a source", "The image's name is none"}},
		{"image-unavailable", []string{"The image cannot be had"}},
		{"engine-too-old", []string{
			"The engine is too old for this argument", "The engine cannot give one of several networks a hardware address",
			"The engine cannot make a network without IPv4",
		}},
		{"endpoint-parameter", []string{"The engine takes this parameter at a network alone"}},
		{"in-use", []string{"Something else uses it", "A container is not removed"}},
		{"invalid-declaration", []string{"The declaration cannot be realised", "The engine does not accept this declaration", "It cannot be changed in place"}},
		{"job-failed", []string{"The job failed"}},
		{"output-withheld", []string{"An output cannot be had whole"}},
		{"job-timeout", []string{"The job took too long"}},
		{"mount-source-missing", []string{"A mount's source does not exist"}},
		{"not-applied", []string{"The engine accepted it and did not do it", "The engine would accept it and not do it"}},
		{"not-ours", []string{"The object belongs to somebody else"}},
		{"not-ready", []string{"It did not get ready in time", "It ended instead of getting ready"}},
		{"port-taken", []string{"A published port is taken"}},
		{"privileged-refused", []string{"The host refuses a privileged container"}},
		{"propagation", []string{"A mount's propagation needs a shared source"}},
		{"registry-login", []string{"The registry asks for credentials", "The registry refuses the credentials"}},
		{"subpath", []string{"The engine cannot mount a part of a volume"}},
		{"unknown-runtime", []string{"The engine does not have this runtime"}},
	}
}
