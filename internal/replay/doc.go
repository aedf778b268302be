// Package replay holds engines that answer from what real ones once said: to be
// read, with the engines inside their daemons, at any depth. It is of tests.
//
// A [Recording] is a file of such answers about one example that a build had applied,
// and a [Site] is that example with a socket at which the recording answers. An
// [Engine] alone answers from whatever it is given.
package replay
