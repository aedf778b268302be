// Package cli is the command line: it turns arguments into calls and outcomes
// into exit codes. One file holds one command. [Run] is the whole program
// without its process: streams, arguments and environment are passed in.
//
// A command that needs an engine works in a [session]: it loads the
// configuration, starts the provider as a process of its own, looks around, and
// plans. Everything that is decided is decided elsewhere.
package cli
