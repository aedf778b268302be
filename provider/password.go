package provider

import "strings"

// WithoutPassword is an address, or what somebody took for one, without the password
// that stands in it. It errs on the side of hiding: a password may hold characters that
// a URL does not allow.
func WithoutPassword(address string) string {
	scheme, rest, found := strings.Cut(address, "://")
	if !found {
		scheme, rest = "", address
	} else {
		scheme += "://"
	}
	at := strings.LastIndex(rest, "@")
	if at < 0 {
		return address
	}
	user, _, secret := strings.Cut(rest[:at], ":")
	if !secret {
		return address
	}
	return scheme + user + ":***" + rest[at:]
}
