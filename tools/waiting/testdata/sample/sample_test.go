package sample

import (
	"context"
	"os/exec"
	"sync"
	"testing"
	"testing/synctest"
	clock "time"
)

func TestMain(m *testing.M) { clock.Sleep(1) }

func TestSleeps(t *testing.T) { clock.Sleep(1) }

func TestReadsTheClock(t *testing.T) { _ = clock.Now }

func TestThroughThePackage(t *testing.T) { pause() }

func TestThroughAHelper(t *testing.T) { helper(t) }

func helper(t *testing.T) { deeper(t) }

func deeper(t *testing.T) {
	helper(t) // a circle
	_ = exec.Command("true").Run()
}

func TestReceives(t *testing.T) { <-make(chan int) }

func TestSends(t *testing.T) { make(chan int) <- 1 }

func TestSelects(t *testing.T) {
	select {}
}

func TestWaitsForAGroup(t *testing.T) { new(sync.WaitGroup).Wait() }

func TestLimitsAContext(t *testing.T) {
	t.Run("inside", func(t *testing.T) { _, _ = context.WithTimeout(t.Context(), 1) })
}

type engine struct{ made chan int }

func (e *engine) Create() { e.made <- 1 }

// The method is called by whom the engine is given to.
func TestHandsOverAnEngine(t *testing.T) { give(&engine{}) }

func give(any) {}

var table = []func(t *testing.T){helper}

func TestThroughATable(t *testing.T) { table[0](t) }

func TestChained(t *testing.T) { make2()().Wait() }

func make2() func() *sync.WaitGroup { return nil }

// --- These do not wait. ---

func TestPlain(t *testing.T) { give(1) }

func TestInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { clock.Sleep(1) })
}

func TestMakesADuration(t *testing.T) { _ = clock.Minute + clock.Duration(len(t.Name())) }

type rows struct{ helper int }

func TestHasAFieldOfThatName(t *testing.T) { _ = new(rows).helper }

func TestMakesACall(t *testing.T) { t.Log() }

func Testify(t *testing.T) { helper(t) }
