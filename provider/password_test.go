package provider_test

import (
	"testing"

	"github.com/dindctl/dindctl/provider"
)

// The password is hidden in an address, and in whatever somebody took for one.
func TestPasswordsInAddresses(t *testing.T) {
	t.Parallel()
	for address, want := range map[string][2]string{
		"tcp://h:1": {"tcp://h:1", ""}, "tcp://u@h:1": {"tcp://u@h:1", ""}, "unix:///a@b": {"unix:///a@b", ""}, "": {"", ""}, "@": {"@", ""},
		"tcp://u:p@h": {"tcp://u:***@h", "p"}, "u:p@h": {"u:***@h", "p"}, "tcp://u:@h": {"tcp://u:***@h", ""},
		"tcp://u:p@w@h": {"tcp://u:***@h", "p@w"}, "tcp://u:p/w@h/x": {"tcp://u:***@h/x", "p/w"},
		"u:a://b@h": {"u:***@h", "a://b"}, "tcp://u:a://b@h": {"tcp://u:***@h", "a://b"}, "://u:p@h": {":***@h", "//u:p"}, "1:p://w@h": {"1:***@h", "p://w"},
	} {
		if got := [2]string{provider.WithoutPassword(address), provider.PasswordIn(address)}; got != want {
			t.Errorf("%q: %q; want %q", address, got, want)
		}
	}
}
