package certcheck

import (
	"bytes"
	"slices"
)

// Same reports whether two texts hold the same certificates: the DER of all CERTIFICATE blocks, in order. Line ends,
// indentation and text around the blocks do not matter. Two texts without a certificate are never the same. Blocks
// need not hold certificates that can be read, as ESA may know kinds that this package does not.
func Same(a, b string) bool {
	first, ok := ders(a)
	if !ok {
		return false
	}
	if a == b {
		return true
	}
	second, ok := ders(b)
	return ok && slices.EqualFunc(first, second, bytes.Equal)
}

// ders returns the contents of the CERTIFICATE blocks, if a text has such blocks and no others.
func ders(text string) ([][]byte, bool) {
	blocks, problem := scan(PartCertificate, text)
	if problem != nil || len(blocks) == 0 {
		return nil, false
	}
	var all [][]byte
	for _, b := range blocks {
		if !b.isCertificate() {
			return nil, false
		}
		all = append(all, b.der)
	}
	return all, true
}
