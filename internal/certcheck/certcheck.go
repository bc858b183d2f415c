// Package certcheck checks certificates and private keys: whether they can be parsed, whether they belong together, and
// whether ESA or a browser would reject them. It depends on neither Terraform nor ESA, and makes no network calls.
//
//	certcheck.go  Problem, the result of a check
//	parse.go      parsing and writing PEM, and errors in the text
//	rules.go      errors in certificates and keys that can be parsed
//	chain.go      whether clients find a path from the leaf
//	memo.go       caches of results
//	same.go       whether two texts contain the same certificates
//	describe.go   the contents of a certificate
//
// Messages contain no key material, and at most a short, escaped part of any name.
package certcheck

import (
	"crypto/x509"
	"fmt"
	"strconv"
	"strings"
)

// Part is the input that a Problem is about.
type Part int

// The two inputs.
const (
	PartCertificate Part = iota // the certificate with its chain
	PartPrivateKey              // the private key
)

// Problem is one finding, written for users: it says what is wrong, where, and how to fix it.
type Problem struct {
	Part    Part
	Warning bool   // false for an error
	Summary string // a few words, such as "Certificate expired"
	Detail  string // sentences
}

// Error implements the error interface.
func (p Problem) Error() string { return p.Summary + ": " + p.Detail }

// The summaries of all problems.
const (
	summaryCertificate = "Invalid certificate"
	summaryKey         = "Invalid private key"
	summaryPair        = "Private key does not match certificate"
	summaryOrder       = "Certificate chain out of order"
	summaryIncomplete  = "Certificate chain incomplete"
	summaryOutside     = "Certificate outside the chain"
	summaryRepeated    = "Certificate repeated"
	summaryName        = "Certificate does not cover hostname"
	summaryExpired     = "Certificate expired"
	summaryNotYet      = "Certificate not valid yet"
	summarySoon        = "Certificate expires soon"
	summarySelfSigned  = "Certificate self-signed"
)

// invalid returns a Problem for an invalid input.
func (p Part) invalid(format string, args ...any) *Problem {
	summary := summaryCertificate
	if p == PartPrivateKey {
		summary = summaryKey
	}
	return &Problem{Part: p, Summary: summary, Detail: fmt.Sprintf(format, args...)}
}

// noun returns the name of an input for use in a sentence.
func (p Part) noun() string {
	if p == PartPrivateKey {
		return "private key"
	}
	return "certificate"
}

// maxShown is the maximum length in bytes of a quoted name.
const maxShown = 100

// show quotes a name that came from outside. It escapes what is not printable and truncates long names. Letters of all
// scripts stay readable.
func show(name string) string {
	var shown strings.Builder
	for _, r := range name {
		quoted := strconv.Quote(string(r))
		letter := quoted[1 : len(quoted)-1]
		if shown.Len()+len(letter) > maxShown {
			return `"` + shown.String() + `…"`
		}
		shown.WriteString(letter)
	}
	return `"` + shown.String() + `"`
}

// title returns a name of a certificate for use in a sentence. Some CAs leave the subject empty.
func title(c *x509.Certificate) string {
	switch subject := c.Subject.String(); {
	case subject != "":
		return show(subject)
	case len(c.DNSNames) > 0:
		return show(c.DNSNames[0])
	}
	return show("serial number " + serial(c))
}
