// Package reference writes docs/language.md, the page of the language, from what
// the program itself goes by: the core's schema, the provider's table, and the
// examples in docs/language, which tests run.
package reference
