// Package tools exists for its go.mod alone: the tools that check and generate
// dindctl, with their versions, apart from what dindctl itself is built from.
package tools
