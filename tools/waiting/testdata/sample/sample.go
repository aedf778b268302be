// Package sample is read by the tests of waiting, and never compiled.
package sample

import "time"

// pause waits, in what is tested: a test of this very package reaches it.
func pause() { time.Sleep(1) }
