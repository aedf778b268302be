// Package providertest has two things for whoever writes or uses a provider.
//
// [Memory] is a provider that works without any engine: it keeps objects, daemons
// with places inside, images, jobs and locks in memory (or in a file, so that
// several processes share them). Tests of everything above the contract run on it,
// with [Outside] changing things behind its back and [Options.Fault] breaking it.
//
// [Run] is the conformance suite: every obligation that the documentation of
// package provider states, as a test. Each provider's own tests call it:
//
//	func TestConformance(t *testing.T) {
//		providertest.Run(t, providertest.Factory{
//			New:     func(t *testing.T) provider.Provider { return myprovider.New() },
//			Project: "conformance",
//			Image:   "bash",
//		})
//	}
//
// What a provider cannot be asked to do everywhere (daemons need an image with
// one inside; stopping an object behind the provider's back needs a second way to
// the engine) is left out until the [Factory] offers it.
package providertest
