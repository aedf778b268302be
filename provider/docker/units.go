package docker

import (
	"cmp"
	"fmt"
	"math"
	"slices"
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

// cpuSetText writes a set of processors as the kernel does, in ranges that do not
// touch: engines keep it as it was written, so that 0,1 and 0-1 are one set in two
// spellings. What is no set stays as it is.
func cpuSetText(text string) string {
	type span struct{ first, last int }
	var spans []span
	for part := range strings.SplitSeq(text, ",") {
		low, high, ranged := strings.Cut(strings.TrimSpace(part), "-")
		first, err := strconv.Atoi(low)
		if err != nil {
			return text
		}
		last := first
		if ranged {
			if last, err = strconv.Atoi(high); err != nil || last < first {
				return text
			}
		}
		spans = append(spans, span{first, last})
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.first, b.first) })
	var out []string
	for i := 0; i < len(spans); {
		whole := spans[i]
		for i++; i < len(spans) && spans[i].first-1 <= whole.last; i++ {
			whole.last = max(whole.last, spans[i].last)
		}
		one := strconv.Itoa(whole.first)
		if whole.last > whole.first {
			one += "-" + strconv.Itoa(whole.last)
		}
		out = append(out, one)
	}
	return strings.Join(out, ",")
}

// nanoCPUs is a number of CPUs in the engine's unit.
func nanoCPUs(cpus float64) int64 { return int64(math.Round(cpus * 1e9)) }

// seconds rounds up: an engine knows whole seconds only.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
