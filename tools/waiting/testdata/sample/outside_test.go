package sample_test

import "testing"

func TestFromOutside(t *testing.T) { pause() }

func TestFromOutsideReceives(t *testing.T) { <-make(chan int) }

// pause has the name of what the other package declares, and does not wait.
func pause() {}
