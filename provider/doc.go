// Package provider is the contract between dindctl and whatever realises its
// nouns on some kind of engine: values that cross a process boundary, and one
// interface, [Provider].
//
// The core of dindctl evaluates the configuration, decides what has to happen
// and in which order. A provider knows one kind of engine: what an attribute is
// called there, how it is read back and compared, and how an object is made.
// It decides nothing about order and prints nothing.
//
// The words, in the order in which a run meets them:
//
//   - [Provider.Describe] names the provider, its [Power]s and the [Schema] of
//     the attributes that it adds to the nouns. It needs no engine.
//   - [Provider.Configure] chooses the root engine and returns its [Facts].
//   - A [Place] is where objects live: the root engine, or inside an object that
//     hosts others. [Provider.Open] leads from a place into an object in it.
//   - [Provider.Observe] streams every object of a project in a place, in bulk.
//   - [Provider.Diff] compares, purely and in batch, what is declared with what
//     is there. It asks no engine.
//   - [Provider.Create], [Provider.Update], [Provider.Resume] and
//     [Provider.Delete] change one object each.
//   - Everything else is an optional power: an extra interface, found by name in
//     [Description.Powers], such as [Dialer], [Execer] or [Locker].
//
// Errors that a person has to act on are [*Problem] values. Every other error is
// a fault of the provider or of the connection to it.
//
// This package imports nothing of dindctl's, so that providers in other modules
// can import it. Package providertest holds the conformance suite that every
// provider has to pass.
package provider
