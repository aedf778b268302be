package cli

import (
	"os"

	"golang.org/x/term"
)

// Console is the terminal that the user sits at.
type Console interface {
	// Raw hands on every key as it is typed, until restore is called.
	Raw() (restore func(), err error)
	// Size is that of the window, in columns and rows; zeros where it does not say.
	Size() (width, height int)
	// Resized sends when the window's size may have changed, until stop is called.
	Resized() (changed <-chan struct{}, stop func())
}

// NewConsole is the terminal behind standard input; nil where that is none. Its
// size is that of the terminal behind out, or else of the first.
func NewConsole(in, out *os.File) Console {
	if !term.IsTerminal(int(in.Fd())) {
		return nil
	}
	c := console{in: int(in.Fd()), out: int(in.Fd())}
	if term.IsTerminal(int(out.Fd())) {
		c.out = int(out.Fd())
	}
	return c
}

// console is a terminal by its file descriptors.
type console struct{ in, out int }

func (c console) Raw() (func(), error) {
	before, err := term.MakeRaw(c.in)
	if err != nil {
		return nil, err
	}
	return func() { _ = term.Restore(c.in, before) }, nil
}

func (c console) Size() (width, height int) {
	width, height, err := term.GetSize(c.out)
	if err != nil {
		return 0, 0
	}
	return width, height
}

func (c console) Resized() (<-chan struct{}, func()) { return resized() }

// relay sends without waiting: one change that was not heard of yet stands for all.
func relay(changed chan<- struct{}) {
	select {
	case changed <- struct{}{}:
	default:
	}
}
