package tl

import (
	"fmt"
	"os"
	"time"
)

var f, _ = os.OpenFile("/tmp/tl.log", os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)

func Mark(s string) {
	fmt.Fprintf(f, "%d %d %s\n", time.Now().UnixMicro(), os.Getpid(), s)
}
