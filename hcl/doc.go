// Package hcl reads configurations: files in HCL become a [config.Config], whose
// bodies and expressions are evaluated later. It is the only package that knows
// HashiCorp's HCL, which it imports as hcl2.
//
// [Load] does it all: it finds the files of a file or directory, bounds what the
// parser gets to see, reads variables from all their places, and says everything
// that is wrong in one go. [Sources] keeps the text of what was read, so that
// problems can be shown with their lines.
//
// The functions that expressions may call are those of cty's standard library,
// and can, try, sensitive, nonsensitive, base64encode, base64decode, md5, sha1,
// sha256, sha512, abspath, basename, dirname, pathjoin, cidrhost, cidrnetmask,
// cidrsubnet, file, filebase64, filesha256 and fileexists. Paths are relative to
// the directory of the configuration. There is no env(): what a plan says depends
// on files and variables alone.
package hcl
