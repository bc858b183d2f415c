package certcheck

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"
)

// links says how the certificates of a text hang together, whatever the time.
//
// A client starts at the first certificate and looks among the others, and among its own, for one that signed it, and
// so on up to a root that it trusts. It passes over what leads nowhere. So a chain is refused only if there is no way
// on from the first certificate; all else is at most a warning.
type links struct {
	refusal  *Problem  // why no client finds a way on from the first certificate
	warnings []Problem // if there is no refusal
	issuers  []int     // those that signed the first certificate
	others   []int     // those that clients reach behind them
}

// link finds out who signed whom. A certificate that is there twice counts once.
func link(chain []*x509.Certificate) links {
	var (
		distinct []int // all but the first
		repeated []int
	)
	for i := 1; i < len(chain); i++ {
		if slices.ContainsFunc(chain[:i], chain[i].Equal) {
			repeated = append(repeated, i)
		} else {
			distinct = append(distinct, i)
		}
	}
	reached := []int{0}
	for next := 0; next < len(reached); next++ {
		for _, i := range distinct {
			if !slices.Contains(reached, i) && signed(chain[reached[next]], chain[i]) {
				reached = append(reached, i)
			}
		}
	}
	leaf := chain[0]
	var l links
	for _, i := range reached[1:] {
		if signed(leaf, chain[i]) {
			l.issuers = append(l.issuers, i)
		} else {
			l.others = append(l.others, i)
		}
	}
	first := slices.IndexFunc(distinct, func(i int) bool { return signed(chain[i], leaf) })
	alone := len(l.issuers) == 0 && !signed(leaf, leaf)
	switch {
	case first >= 0 && (alone || maySign(leaf)):
		l.refusal = wrongFirst(chain, distinct[first])
	case alone && len(distinct) > 0:
		l.refusal = wrongIssuer(chain, distinct[0])
	case alone:
		l.warnings = append(l.warnings, missingIssuer(leaf))
	}
	if l.refusal != nil {
		return l
	}
	if problem := checkOrder(chain, reached); problem != nil {
		l.warnings = append(l.warnings, *problem)
	}
	outside := slices.DeleteFunc(distinct, func(i int) bool { return slices.Contains(reached, i) })
	if len(outside) > 0 {
		l.warnings = append(l.warnings, unreachable(chain, reached[len(reached)-1], outside))
	}
	if len(repeated) > 0 {
		l.warnings = append(l.warnings, repetition(chain, repeated))
	}
	return l
}

// maySign tells whether clients accept what a certificate signed. Those before version 3 do not say.
func maySign(c *x509.Certificate) bool { return c.IsCA || c.Version < 3 }

// wrongFirst says that the first certificate signed another one.
func wrongFirst(chain []*x509.Certificate, signed int) *Problem {
	problem := &Problem{Part: PartCertificate, Summary: summaryOrder}
	if reversed(chain) {
		problem.Detail = fmt.Sprintf("The chain is in reverse order: certificate %d (%s) should be the first. Put the leaf first, and after each certificate the one that signed it.",
			len(chain), title(chain[len(chain)-1]))
	} else {
		problem.Detail = fmt.Sprintf("Certificate %d (%s) was signed by certificate 1 (%s), so it must stand before it. Put the leaf first, and after each certificate the one that signed it.",
			signed+1, title(chain[signed]), title(chain[0]))
	}
	return problem
}

// reversed tells whether each certificate signed the one after it.
func reversed(chain []*x509.Certificate) bool {
	for i := range len(chain) - 1 {
		if !signed(chain[i+1], chain[i]) {
			return false
		}
	}
	return true
}

// wrongIssuer says that others follow the leaf, but not the one that signed it.
func wrongIssuer(chain []*x509.Certificate, next int) *Problem {
	leaf, other := chain[0], chain[next]
	problem := &Problem{Part: PartCertificate, Summary: summaryOrder}
	if bytes.Equal(leaf.RawIssuer, other.RawSubject) {
		problem.Detail = fmt.Sprintf("Certificate %d (%s) did not sign certificate 1 (%s), though it has the name of its issuer: its key is another one, as after a renewal of the authority. "+
			"Put the authority's certificate that came with certificate 1 after it.", next+1, title(other), title(leaf))
	} else {
		problem.Detail = fmt.Sprintf("Certificate %d (%s) did not sign certificate 1 (%s), whose issuer is %s. After each certificate put the one that signed it, and nothing else.",
			next+1, title(other), title(leaf), show(leaf.Issuer.String()))
	}
	return problem
}

// missingIssuer warns of a leaf that stands alone. Whether its issuer is a root that clients have cannot be told from it.
func missingIssuer(leaf *x509.Certificate) Problem {
	return Problem{
		Part: PartCertificate, Warning: true, Summary: summaryIncomplete,
		Detail: fmt.Sprintf("The certificate %s stands alone; that of its issuer, %s, is missing. Public authorities sign with an intermediate, and clients that do not have it refuse the hostname. "+
			"Add it after the certificate; authorities deliver both in one file, often called full chain. If the issuer is a root of your own, add that.", title(leaf), show(leaf.Issuer.String())),
	}
}

// checkOrder warns of the first certificate that stands before all those that it signed.
func checkOrder(chain []*x509.Certificate, reached []int) *Problem {
	for _, i := range slices.Sorted(slices.Values(reached[1:])) {
		signedIt := func(child int) bool { return child != i && signed(chain[child], chain[i]) }
		children := slices.DeleteFunc(slices.Sorted(slices.Values(reached)), func(child int) bool { return !signedIt(child) })
		if child := children[0]; child > i {
			return &Problem{
				Part: PartCertificate, Warning: true, Summary: summaryOrder,
				Detail: fmt.Sprintf("Certificate %d (%s) signed certificate %d (%s), and stands before it. Most clients sort that out, and some refuse it. Put the leaf first, and after each certificate the one that signed it.",
					i+1, title(chain[i]), child+1, title(chain[child])),
			}
		}
	}
	return nil
}

// unreachable warns of certificates that signed nothing that clients reach; end is where they get.
func unreachable(chain []*x509.Certificate, end int, outside []int) Problem {
	const most = 4
	var shown []string
	for _, i := range outside[:min(most, len(outside))] {
		shown = append(shown, fmt.Sprintf("certificate %d (%s)", i+1, title(chain[i])))
	}
	if len(outside) > most {
		shown = append(shown, fmt.Sprintf("%d more", len(outside)-most))
	}
	mend := "Take out what does not belong."
	if last := chain[end]; !signed(last, last) {
		mend = fmt.Sprintf("Take out what does not belong. If the path is to go on from certificate %d (%s), add the certificate of its issuer, %s.", end+1, title(last), show(last.Issuer.String()))
	}
	return Problem{
		Part: PartCertificate, Warning: true, Summary: summaryOutside,
		Detail: fmt.Sprintf("Clients pass over %s, as no path from the leaf leads there. %s", strings.Join(shown, ", "), mend),
	}
}

// repetition warns of certificates that are there again.
func repetition(chain []*x509.Certificate, repeated []int) Problem {
	i := repeated[0]
	detail := fmt.Sprintf("Certificate %d (%s) is the same as certificate %d.", i+1, title(chain[i]), slices.IndexFunc(chain, chain[i].Equal)+1)
	if len(repeated) > 1 {
		detail += fmt.Sprintf(" It is the first of %d that repeat another one.", len(repeated))
	}
	return Problem{Part: PartCertificate, Warning: true, Summary: summaryRepeated, Detail: detail + " Give each certificate once."}
}

// checkAuthorities looks at what can be reached: if every issuer of the leaf is unusable, no client gets further, and
// the first one's fault is the chain's. What else is unusable may be passed over.
func checkAuthorities(chain []*x509.Certificate, l links, now time.Time) []Problem {
	fault := func(i int) *Problem { return checkAuthorityAt(chain[i], i+1, now) }
	stuck := len(l.issuers) > 0 && !signed(chain[0], chain[0]) && !slices.ContainsFunc(l.issuers, func(i int) bool { return fault(i) == nil })
	if stuck {
		return []Problem{*fault(l.issuers[0])}
	}
	var warnings []Problem
	for _, i := range slices.Sorted(slices.Values(slices.Concat(l.issuers, l.others))) {
		if problem := fault(i); problem != nil {
			problem.Warning = true
			problem.Detail += " Clients that know another path pass over it, and others refuse the chain; take it out if there is another path."
			warnings = append(warnings, *problem)
		}
	}
	return warnings
}

// checkAuthorityAt says why an authority's certificate cannot be used. A root is passed over: clients go by their own.
func checkAuthorityAt(authority *x509.Certificate, number int, now time.Time) *Problem {
	what := fmt.Sprintf("Certificate %d of the chain, %s,", number, title(authority))
	switch {
	case signed(authority, authority):
		return nil
	case !maySign(authority):
		return PartCertificate.invalid("%s is not marked as an authority's, so clients accept nothing that it signed. Give the certificate of the authority, or have it issued with the basic constraint CA.", what)
	}
	return outOfTime(what, authority, now)
}
