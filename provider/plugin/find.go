package plugin

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/provider"
)

// programPrefix is what the programs of providers are called by.
const programPrefix = "dindctl-provider-"

// Find looks for the program of the provider called name, dindctl-provider-NAME,
// in the directories of searchPath (the value of PATH), and returns its absolute
// path if its SHA-256 is checksum (hexadecimal). The first program of that name
// counts: another one behind it is never taken in its stead.
func Find(name, checksum, searchPath string) (string, error) {
	if name == "" || strings.ContainsAny(name, `/\`) {
		return "", &provider.Problem{
			Code: provider.Invalid, Summary: "Not the name of a provider", Detail: fmt.Sprintf("%q is not one.", name),
		}
	}
	for _, dir := range filepath.SplitList(searchPath) {
		if !filepath.IsAbs(dir) {
			continue // the current directory is nobody's place for programs
		}
		path := filepath.Join(dir, programPrefix+name)
		if found, err := exec.LookPath(path); err == nil {
			return found, checkFile(found, checksum)
		}
	}
	return "", &provider.Problem{
		Code:    provider.NotFound,
		Summary: "The provider's program is not there",
		Detail:  fmt.Sprintf("No directory of PATH has a program %s%s.", programPrefix, name),
	}
}

// check refuses to start what cannot or must not be started.
func check(req StartRequest) error {
	if len(req.Command) == 0 {
		return errors.New("starting a provider: no command")
	}
	if !req.Foreign && req.Checksum == "" {
		return nil
	}
	return checkFile(req.Command[0], req.Checksum)
}

func checkFile(path, checksum string) error {
	sum, err := sumOf(path)
	if err != nil {
		return fmt.Errorf("reading a provider's program: %w", err)
	}
	switch {
	case checksum == "":
		return &provider.Problem{
			Code:    provider.Denied,
			Summary: "The provider's program is not pinned",
			Detail:  fmt.Sprintf("%s is not started without a checksum. If it is the one that you want, its sha256 is %s.", path, sum),
		}
	case !strings.EqualFold(sum, checksum):
		return &provider.Problem{
			Code:    provider.Denied,
			Summary: "The provider's program is another one than was pinned",
			Detail:  fmt.Sprintf("%s has the sha256 %s, and %s is wanted.", path, sum, strings.ToLower(checksum)),
		}
	}
	return nil
}

func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // it was only read
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// handedOn is the part of the host's environment that the program gets.
func handedOn(req StartRequest) []string {
	if !req.Foreign {
		return slices.Clone(req.Environment)
	}
	var out []string
	for _, pair := range req.Environment {
		key, _, _ := strings.Cut(pair, "=")
		if everybodys(key) {
			out = append(out, pair)
		}
	}
	return out
}

// everybodys tells whether a variable is one that any program may see: no
// secrets, and nothing that leads to an engine or an agent.
func everybodys(key string) bool {
	switch key {
	case "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR", "TEMP", "TMP",
		"SYSTEMROOT", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "DINDCTL_LOG":
		return true
	}
	return strings.HasPrefix(key, "LC_")
}
