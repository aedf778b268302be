// Package hostile holds engines that answer what no engine answers: without an end,
// a byte a second, with records that fill the memory, with containers that lead back
// to where they are. It is of tests, which alone may import it.
//
// A fault is a [replay.Around]: it stands around an engine of package replay, at the
// root or inside its daemons, and takes over some of its answers. Faults of what an
// engine holds, and trees of engines that no recording has, are made by changing the
// places of a recording, or by an [Engine] of one's own.
package hostile
