// Package mask takes secrets out of whatever is written. It alone decides what is looked
// for: [Secrets] collects the values, [Spellings] is how each of them may be written,
// and everything goes through one of four doors:
//
//   - [Secrets.Writer] takes secrets out of a stream of bytes, such as the output of a
//     program, in whichever chunks it comes. What is no secret is not changed;
//   - [Secrets.Text] takes them out of a text for people, which may have been cut off;
//   - [Secrets.Value] takes them out of a value before it is shown or encoded;
//   - [Secrets.Document] takes them out of the values of a JSON document, which stays one.
//
// There are libraries that find many texts in one. None of those looked at (coregx/ahocorasick,
// petar-dambovaliev/aho-corasick, cloudflare/ahocorasick) says of the end of a chunk how much
// of it may be the beginning of a secret. Without that as many bytes have to be held back as
// the longest secret has, and a prompt would not be seen before it is answered.
package mask
