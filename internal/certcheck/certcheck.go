// Package certcheck holds the rules for certificates and private keys as plain Go: what can be read, what belongs
// together, and what ESA or a browser would refuse. It knows neither Terraform nor ESA, and calls nobody.
//
//	certcheck.go  Problem, what the rules answer
//	parse.go      from PEM to certificates and keys and back, and what is wrong with the text
//	rules.go      what is wrong with certificates and keys that can be read
//	chain.go      whether clients find a path from the leaf
//	memo.go       what need not be worked out twice
//	same.go       when two texts hold the same certificates
//	describe.go   what a certificate says
//
// No message repeats key material, nor more than a short, escaped piece of any name.
package certcheck

import (
	"crypto/x509"
	"fmt"
	"strconv"
	"strings"
)

// Part is which of the two inputs a Problem is about.
type Part int

// The two inputs.
const (
	PartCertificate Part = iota // the certificate with its chain
	PartPrivateKey              // the private key
)

// Problem is one finding, fit for a person: it says what is wrong, where, and what to do.
type Problem struct {
	Part    Part
	Warning bool   // worth knowing, but no reason to refuse; else it is an error
	Summary string // a few words, such as "Certificate expired"
	Detail  string // sentences
}

// Error makes a Problem an error.
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

// invalid is a Problem of a text that cannot be read.
func (p Part) invalid(format string, args ...any) *Problem {
	summary := summaryCertificate
	if p == PartPrivateKey {
		summary = summaryKey
	}
	return &Problem{Part: p, Summary: summary, Detail: fmt.Sprintf(format, args...)}
}

// noun names an input in a sentence.
func (p Part) noun() string {
	if p == PartPrivateKey {
		return "private key"
	}
	return "certificate"
}

// maxShown is how many bytes of a name, as shown, fit in a sentence.
const maxShown = 100

// show quotes a name that came from outside: what does not print is escaped, and what is too long is cut. Letters of
// all scripts stay readable.
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

// title names a certificate in a sentence. Some authorities leave the subject empty.
func title(c *x509.Certificate) string {
	switch subject := c.Subject.String(); {
	case subject != "":
		return show(subject)
	case len(c.DNSNames) > 0:
		return show(c.DNSNames[0])
	}
	return show("serial number " + serial(c))
}
