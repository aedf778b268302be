package docker

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// bytesOf reads a size as Compose writes it: "512m", "1g", "65536", "1.5gb".
func bytesOf(text string) (int64, error) {
	lower := strings.ToLower(strings.TrimSpace(text))
	number := strings.TrimRight(lower, "bkmgti ")
	shift := map[string]int{"": 0, "b": 0, "k": 10, "m": 20, "g": 30, "t": 40}
	unit := strings.TrimSpace(lower[len(number):])
	if len(unit) > 1 {
		unit = strings.TrimSuffix(strings.TrimSuffix(unit, "b"), "i")
	}
	bits, known := shift[unit]
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !known || n < 0 || n*float64(int64(1)<<bits) > math.MaxInt64/2 {
		return 0, fmt.Errorf("%q is not a size; write it like 512m or 2g", text)
	}
	return int64(n * float64(int64(1)<<bits)), nil
}

// sizeText writes a size with the largest unit that divides it.
func sizeText(n int64) string {
	if n <= 0 {
		return strconv.FormatInt(n, 10)
	}
	for _, unit := range []struct {
		size int64
		name string
	}{{1 << 30, "g"}, {1 << 20, "m"}, {1 << 10, "k"}} {
		if n%unit.size == 0 {
			return strconv.FormatInt(n/unit.size, 10) + unit.name
		}
	}
	return strconv.FormatInt(n, 10)
}

// durationOf reads a duration: "1m30s", or a number of seconds.
func durationOf(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds >= 0 {
		return time.Duration(seconds * float64(time.Second)), nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is not a duration; write it like 30s or 1m30s", text)
	}
	return d, nil
}

// nanoCPUs is a number of CPUs in the engine's unit.
func nanoCPUs(cpus float64) int64 { return int64(math.Round(cpus * 1e9)) }

// seconds rounds up: an engine knows whole seconds only.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
