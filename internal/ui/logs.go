package ui

// LogPrefix returns what stands in front of a line of an object's output: its
// address, as wide as the longest, in a colour of its own. Without names, nothing.
func LogPrefix(names []string, o Options) func(address string) string {
	width := columnOf(names)
	colours := []string{cyan, green, yellow, "35", "34", "96", "92", "93", "95", "94"}
	chosen := map[string]string{}
	for _, name := range names {
		if chosen[name] == "" {
			chosen[name] = colours[len(chosen)%len(colours)]
		}
	}
	return func(address string) string {
		if len(names) == 0 {
			return ""
		}
		return o.paint(chosen[address], inColumn(address, width)+" |") + " "
	}
}
