package certcheck

import (
	"bytes"
	"slices"
)

// Same reports whether two texts contain the same certificates: it compares the DER of all CERTIFICATE blocks, in order.
// It ignores line endings, indentation and text around the blocks. Two texts without a certificate are never the same.
// The certificates need not be parseable, as ESA may support types that this package does not.
func Same(a, b string) bool {
	first, ok := ders(a)
	if !ok {
		return false
	}
	if a == b {
		return true
	}
	second, _ := ders(b)
	return slices.EqualFunc(first, second, bytes.Equal)
}

// ders returns the DER of the CERTIFICATE blocks, if the text has only such blocks.
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
