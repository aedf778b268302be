package docker

import (
	"bytes"
	"math/bits"
)

// An answer that is read as a whole is not bounded by its length: "[{},{},{}" takes a
// hundred times the memory of its text. So it is priced while it comes in, by what
// its parts take at most once they are decoded, and given up when it costs too much.
const (
	// listPrice bounds a list, in bytes of memory: one of 10,000 containers, each with
	// a record, two mounts and two ports, is 23 MB of text and priced at 175 MB.
	listPrice = 256 << 20
	// answerPrice bounds every other answer. The largest is that about a network: one with
	// 10,000 endpoints is priced at 25 MB.
	answerPrice = 64 << 20
	// waitPrice bounds the answer to a wait, which is a number and perhaps a sentence.
	waitPrice = 1 << 20
	// nestedMost bounds how deep an answer is nested, before it is decoded: engines' are below
	// ten, and what decodes takes ten thousand. Of a list each object is bounded more tightly.
	nestedMost = 1000
)

// What parts of an answer cost at most, in bytes of memory, measured with the types
// of the client and the way in which lists and maps grow.
const (
	priceByte    = 3   // twice in the decoder's buffer while it grows, once as text
	priceMember  = 96  // of an object: an entry of a map
	priceObject  = 320 // an object: a struct, and its entry in a map
	priceElement = 320 // of a list: a struct, while the list grows
	priceFirst   = 640 // of the outermost list: the largest structs are there
)

// price adds up what an answer in JSON costs. It is no parser: what is no JSON costs
// its bytes, and is refused by who reads it.
type price struct {
	cost    int64
	text    bool // within a text
	escaped bool // within a text, after a backslash
	depth   int
	deep    bool                               // it was nested deeper than nestedMost
	lists   [nestedMost/bits.UintSize + 1]uint // for each depth, whether it is a list
}

// note takes in the next bytes.
func (p *price) note(b []byte) {
	p.cost += priceByte * int64(len(b))
	for len(b) > 0 {
		if p.text {
			b = p.within(b)
			continue
		}
		c := b[0]
		b = b[1:]
		switch c {
		case '"':
			p.text = true
		case '{', '[':
			p.open(c == '[')
		case '}', ']':
			p.depth = max(0, p.depth-1)
		case ',':
			p.next()
		}
	}
}

// textWindow is how far a text is looked through at once, so that each byte of it is
// looked at a bounded number of times.
const textWindow = 256

// within skips what belongs to a text, and returns what follows.
func (p *price) within(b []byte) []byte {
	if p.escaped {
		p.escaped = false
		return b[1:]
	}
	window := b[:min(len(b), textWindow)]
	end := bytes.IndexByte(window, '"')
	if end >= 0 {
		window = window[:end]
	}
	if escape := bytes.IndexByte(window, '\\'); escape >= 0 {
		p.escaped = true
		return b[escape+1:]
	}
	if end < 0 {
		return b[len(window):]
	}
	p.text = false
	return b[end+1:]
}

// open begins an object or a list.
func (p *price) open(list bool) {
	p.depth++
	if p.depth > nestedMost {
		p.deep = true
		return
	}
	word, bit := &p.lists[p.depth/bits.UintSize], uint(1)<<(p.depth%bits.UintSize)
	*word &^= bit
	p.cost += priceObject
	if list {
		*word |= bit
	}
}

// next begins another element or member of what is open.
func (p *price) next() {
	switch {
	case p.depth > nestedMost || p.lists[p.depth/bits.UintSize]>>(p.depth%bits.UintSize)&1 == 0:
		p.cost += priceMember
	case p.depth == 1:
		p.cost += priceFirst
	default:
		p.cost += priceElement
	}
}
