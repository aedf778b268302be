package provider

import (
	"regexp"
	"strings"
)

// WithoutPassword is an address, or what somebody took for one, without the password
// that stands in it. It errs on the side of hiding: a password may hold characters that
// a URL does not allow.
func WithoutPassword(address string) string {
	before, password, after := aroundPassword(address)
	if password == "" && after == "" {
		return address
	}
	return before + "***" + after
}

// PasswordIn is the password that stands in an address, or in what somebody took for
// one; empty for none.
func PasswordIn(address string) string {
	_, password, _ := aroundPassword(address)
	return password
}

var scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*$`)

// aroundPassword cuts an address at its password. Where there is none, all of it is before.
func aroundPassword(address string) (before, password, after string) {
	begin := 0 // of what is behind the scheme
	if name, _, found := strings.Cut(address, "://"); found && scheme.MatchString(name) {
		begin = len(name) + len("://")
	}
	rest := address[begin:]
	at := strings.LastIndex(rest, "@")
	colon := strings.Index(rest, ":")
	if at < 0 || colon < 0 || colon > at {
		return address, "", ""
	}
	return address[:begin+colon+1], rest[colon+1 : at], rest[at:]
}
