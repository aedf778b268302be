// Package runner acts: it looks at engines, carries out plans, and keeps other
// runs away meanwhile. What has to happen is decided elsewhere, in values; here
// is everything that takes time, fails half way, or is interrupted.
//
//   - [Observe] looks at the root engine and into every daemon of a project that
//     answers, and changes nothing.
//   - [Apply] carries out a plan, in parallel along its needs. A step that is
//     inside a daemon which could not be looked into is planned again, by the same
//     pure planner, when that daemon is ready.
//   - [Lock] keeps one run at a time on a project: here by a locked file, in the
//     engine by whatever the provider has for it.
//   - [Exec] runs a command in an object that is named by its address.
//
// What happens is told as [Event] values; problems are diagnostics with the
// address and the line that they are about.
package runner
