// Package pb is the wire of dindctl's providers, generated from provider.proto
// by generate.sh. Only package plugin uses it; an author of a provider in
// another language starts from the proto file.
package pb
