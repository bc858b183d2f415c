package certcheck

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"
)

// links describes which certificates of a chain signed which others. It does not depend on the time.
//
// A client starts at the first certificate. It searches the other certificates and its own for one that signed it, and
// so on up to a root that it trusts. It ignores certificates that lead nowhere. So a chain is refused only if no
// certificate signed the first one; everything else is at most a warning.
type links struct {
	refusal  *Problem  // why no client finds an issuer of the first certificate
	warnings []Problem // if refusal is nil
	issuers  []int     // those that signed the first certificate
	others   []int     // those further up that clients reach
}

// link computes the links of a chain. It ignores repeated certificates.
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

// maySign reports whether clients accept what a certificate signed. Versions before 3 have no basic constraints.
func maySign(c *x509.Certificate) bool { return c.IsCA || c.Version < 3 }

// wrongFirst returns the Problem of a chain whose first certificate signed another one.
func wrongFirst(chain []*x509.Certificate, signed int) *Problem {
	problem := &Problem{Part: PartCertificate, Summary: summaryOrder}
	if reversed(chain) {
		problem.Detail = fmt.Sprintf("The chain is in reverse order: certificate %d (%s) should be first. Put the leaf first, and after each certificate its issuer.",
			len(chain), title(chain[len(chain)-1]))
	} else {
		problem.Detail = fmt.Sprintf("Certificate %d (%s) was signed by certificate 1 (%s), so it must come before it. Put the leaf first, and after each certificate its issuer.",
			signed+1, title(chain[signed]), title(chain[0]))
	}
	return problem
}

// reversed reports whether each certificate signed the one after it.
func reversed(chain []*x509.Certificate) bool {
	for i := range len(chain) - 1 {
		if !signed(chain[i+1], chain[i]) {
			return false
		}
	}
	return true
}

// wrongIssuer returns the Problem of a chain without the issuer of its leaf.
func wrongIssuer(chain []*x509.Certificate, next int) *Problem {
	leaf, other := chain[0], chain[next]
	problem := &Problem{Part: PartCertificate, Summary: summaryOrder}
	if bytes.Equal(leaf.RawIssuer, other.RawSubject) {
		problem.Detail = fmt.Sprintf("Certificate %d (%s) did not sign certificate 1 (%s), though it has the name of its issuer: its key differs, as after a renewal of the CA. "+
			"Put the CA certificate that came with certificate 1 after it.", next+1, title(other), title(leaf))
	} else {
		problem.Detail = fmt.Sprintf("Certificate %d (%s) did not sign certificate 1 (%s), whose issuer is %s. Put only its issuer after each certificate.",
			next+1, title(other), title(leaf), show(leaf.Issuer.String()))
	}
	return problem
}

// missingIssuer returns a warning about a leaf without a chain. Whether its issuer is a root that clients have is unknown.
func missingIssuer(leaf *x509.Certificate) Problem {
	return Problem{
		Part: PartCertificate, Warning: true, Summary: summaryIncomplete,
		Detail: fmt.Sprintf("The certificate %s has no chain: the certificate of its issuer, %s, is missing. Public CAs sign with an intermediate, and clients that do not have it reject the hostname. "+
			"Add it after the certificate; CAs deliver both in one file, often called full chain. If the issuer is your own root, add that.", title(leaf), show(leaf.Issuer.String())),
	}
}

// checkOrder warns about the first certificate that comes before all those that it signed.
func checkOrder(chain []*x509.Certificate, reached []int) *Problem {
	for _, i := range slices.Sorted(slices.Values(reached[1:])) {
		signedIt := func(child int) bool { return child != i && signed(chain[child], chain[i]) }
		children := slices.DeleteFunc(slices.Sorted(slices.Values(reached)), func(child int) bool { return !signedIt(child) })
		if child := children[0]; child > i {
			return &Problem{
				Part: PartCertificate, Warning: true, Summary: summaryOrder,
				Detail: fmt.Sprintf("Certificate %d (%s) signed certificate %d (%s), but comes before it. Most clients accept that, and some reject it. Put the leaf first, and after each certificate its issuer.",
					i+1, title(chain[i]), child+1, title(chain[child])),
			}
		}
	}
	return nil
}

// unreachable returns a warning about certificates that clients do not reach; end is the last one that they reach.
func unreachable(chain []*x509.Certificate, end int, outside []int) Problem {
	const most = 4
	var shown []string
	for _, i := range outside[:min(most, len(outside))] {
		shown = append(shown, fmt.Sprintf("certificate %d (%s)", i+1, title(chain[i])))
	}
	if len(outside) > most {
		shown = append(shown, fmt.Sprintf("%d more", len(outside)-most))
	}
	fix := "Remove what does not belong."
	if last := chain[end]; !signed(last, last) {
		fix = fmt.Sprintf("Remove what does not belong. To continue the path from certificate %d (%s), add the certificate of its issuer, %s.", end+1, title(last), show(last.Issuer.String()))
	}
	return Problem{
		Part: PartCertificate, Warning: true, Summary: summaryOutside,
		Detail: fmt.Sprintf("Clients ignore %s, as no path from the leaf leads there. %s", strings.Join(shown, ", "), fix),
	}
}

// repetition returns a warning about repeated certificates.
func repetition(chain []*x509.Certificate, repeated []int) Problem {
	i := repeated[0]
	detail := fmt.Sprintf("Certificate %d (%s) is the same as certificate %d.", i+1, title(chain[i]), slices.IndexFunc(chain, chain[i].Equal)+1)
	if len(repeated) > 1 {
		detail += fmt.Sprintf(" It is the first of %d repeated certificates.", len(repeated))
	}
	return Problem{Part: PartCertificate, Warning: true, Summary: summaryRepeated, Detail: detail + " Include each certificate once."}
}

// checkAuthorities checks the CA certificates that clients reach. If every issuer of the leaf is unusable, the chain is
// too, and the Problem of the first issuer is returned. Other unusable certificates are warnings, as clients may ignore them.
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
			problem.Detail += " Clients that know another path ignore it, and others reject the chain; remove it if there is another path."
			warnings = append(warnings, *problem)
		}
	}
	return warnings
}

// checkAuthorityAt returns why a CA certificate is unusable, or nil. Roots are not checked: clients use their own.
func checkAuthorityAt(authority *x509.Certificate, number int, now time.Time) *Problem {
	what := fmt.Sprintf("Certificate %d of the chain, %s,", number, title(authority))
	switch {
	case signed(authority, authority):
		return nil
	case !maySign(authority):
		return PartCertificate.invalid("%s is not marked as a CA, so clients reject what it signed. Use the CA's certificate, or have this one reissued with the basic constraint CA.", what)
	}
	return outOfTime(what, authority, now)
}
