package certcheck

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// soon is how long before its end a certificate is warned of.
const soon = 30 * 24 * time.Hour

// Options is what a certificate is checked against.
type Options struct {
	Hostname string    // must be covered; "" skips that rule
	Now      time.Time // what the dates are compared with
}

// CheckCertificate applies all rules that need the certificate alone, and returns what it finds, errors first. A text
// that cannot be read yields one problem, and so does a chain that begins with an authority: the other rules would
// speak of the wrong certificate.
func CheckCertificate(text string, o Options) []Problem {
	answer := lookAtCertificate(text)
	if answer.problem != nil {
		return []Problem{*answer.problem}
	}
	leaf := answer.chain[0]
	if answer.links.refusal != nil && leaf.IsCA {
		return []Problem{*answer.links.refusal}
	}
	authority := checkAuthority(leaf, o.Hostname)
	if authority != nil && !authority.Warning {
		return []Problem{*authority}
	}
	var refusals, warnings []Problem
	add := func(problem *Problem) {
		switch {
		case problem == nil:
		case problem.Warning:
			warnings = append(warnings, *problem)
		default:
			refusals = append(refusals, *problem)
		}
	}
	add(answer.links.refusal)
	add(authority)
	add(checkName(leaf, o.Hostname))
	add(checkKey(leaf))
	add(checkUsage(leaf))
	add(checkDates(leaf, o.Now))
	for _, problem := range slices.Concat(checkAuthorities(answer.chain, answer.links, o.Now), answer.links.warnings) {
		add(&problem)
	}
	return slices.Concat(refusals, warnings)
}

// CheckPrivateKey says what is wrong with a key on its own.
func CheckPrivateKey(text string) []Problem {
	if answer := lookAtKey(text); answer.problem != nil {
		return []Problem{*answer.problem}
	}
	return nil
}

// CheckPair says whether a key belongs to the leaf. It says nothing where another check asks for another certificate,
// for which the key may well be right: if either text cannot be read, if an authority's certificate stands first, or if
// the leaf is not the first and the key belongs to some certificate of it.
func CheckPair(certificate, key string) []Problem {
	chain, private := lookAtCertificate(certificate), lookAtKey(key)
	if chain.problem != nil || private.problem != nil {
		return nil
	}
	owner := slices.IndexFunc(chain.chain, func(c *x509.Certificate) bool { return equalKeys(c.PublicKey, private.public) })
	leaf := chain.chain[0]
	if owner == 0 || owner > 0 && chain.links.refusal != nil || leaf.IsCA && !signed(leaf, leaf) {
		return nil
	}
	detail := fmt.Sprintf("The private key (%s) does not belong to the certificate %s (%s)", keyName(private.public), title(leaf), keyName(leaf.PublicKey))
	if owner > 0 {
		detail += fmt.Sprintf(", but to the authority's certificate %d of the chain, %s", owner+1, title(chain.chain[owner]))
	}
	return []Problem{{
		Part: PartPrivateKey, Summary: summaryPair,
		Detail: detail + ". Give the key that its certificate request was made with.",
	}}
}

func equalKeys(a, b crypto.PublicKey) bool {
	key, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && key.Equal(b)
}

// signed tells whether parent signed child. An algorithm that is too weak or too rare to be checked counts as signed:
// whether clients take it is another question, and old roots often have one.
func signed(child, parent *x509.Certificate) bool {
	if !bytes.Equal(child.RawIssuer, parent.RawSubject) {
		return false
	}
	return signatures.get([2][sha256.Size]byte{sha256.Sum256(child.Raw), sha256.Sum256(parent.Raw)}, func() bool {
		err := parent.CheckSignature(child.SignatureAlgorithm, child.RawTBSCertificate, child.Signature)
		return err == nil || errors.As(err, new(x509.InsecureAlgorithmError)) || errors.Is(err, x509.ErrUnsupportedAlgorithm)
	})
}

// checkAuthority refuses certificates of authorities. Test set-ups use self-signed ones, which tools mark as an
// authority's by default: with names of hosts, as no root has them, they pass with a warning.
func checkAuthority(leaf *x509.Certificate, hostname string) *Problem {
	self := signed(leaf, leaf)
	hasNames := len(leaf.DNSNames) > 0 || hostname == "" || covers(leaf.Subject.CommonName, hostname)
	if leaf.IsCA && (!self || !hasNames) {
		return PartCertificate.invalid("The first certificate, %s, is one of an authority and not of a hostname. Put the certificate of the hostname first.", title(leaf))
	}
	if !self {
		return nil
	}
	return &Problem{
		Part: PartCertificate, Warning: true, Summary: summarySelfSigned,
		Detail: fmt.Sprintf("The certificate %s is signed by itself, so browsers refuse it. Use one of a public authority where people are to use it.", title(leaf)),
	}
}

// checkName looks at subject alternative names alone, as browsers do.
func checkName(leaf *x509.Certificate, hostname string) *Problem {
	if hostname == "" || isFor(leaf, hostname) {
		return nil
	}
	problem := &Problem{Part: PartCertificate, Summary: summaryName}
	switch {
	case strings.ContainsFunc(hostname, func(r rune) bool { return r > '\x7f' }):
		problem.Detail = fmt.Sprintf("The hostname %s is not ASCII, and certificates hold names in ASCII alone. Give the hostname in its A-label form, with labels that begin with \"xn--\".", show(hostname))
	case len(leaf.DNSNames) == 0 && covers(leaf.Subject.CommonName, hostname):
		problem.Detail = fmt.Sprintf("The certificate %s names %s as its common name only, at which browsers do not look: it has no DNS names among its subject alternative names. Have it issued with %s as one.",
			title(leaf), show(hostname), show(hostname))
	case len(leaf.DNSNames) == 0:
		problem.Detail = fmt.Sprintf("The certificate %s has no DNS names among its subject alternative names, and browsers look at no others. Have it issued with %s as one.", title(leaf), show(hostname))
	default:
		problem.Detail = fmt.Sprintf("The certificate covers %s, but not %s. Use a certificate that has it, or its wildcard, among its subject alternative names.", list(leaf.DNSNames), show(hostname))
	}
	return problem
}

// list shows the first of a number of names, which may be hundreds.
func list(names []string) string {
	const most = 8
	var shown []string
	for _, name := range names[:min(most, len(names))] {
		shown = append(shown, show(name))
	}
	if len(names) > most {
		shown = append(shown, fmt.Sprintf("%d more", len(names)-most))
	}
	return strings.Join(shown, ", ")
}

// isFor tells whether a certificate covers a hostname.
func isFor(leaf *x509.Certificate, hostname string) bool {
	return slices.ContainsFunc(leaf.DNSNames, func(pattern string) bool { return covers(pattern, hostname) })
}

// covers tells whether a name of a certificate stands for a hostname. A wildcard stands for one label, and a wildcard
// hostname is covered by the same wildcard alone.
func covers(pattern, hostname string) bool {
	pattern = strings.ToLower(strings.TrimSuffix(pattern, "."))
	hostname = strings.ToLower(strings.TrimSuffix(hostname, "."))
	if pattern == hostname {
		return true
	}
	zone, isWildcard := strings.CutPrefix(pattern, "*.")
	label, rest, found := strings.Cut(hostname, ".")
	return isWildcard && found && label != "" && label != "*" && rest == zone
}

// dateLayout is how messages show a time, always in UTC.
const dateLayout = "2 Jan 2006 15:04 UTC"

// outOfTime says that a certificate has expired or is not valid yet; what is how its sentence begins.
func outOfTime(what string, c *x509.Certificate, now time.Time) *Problem {
	notBefore, notAfter := c.NotBefore.UTC(), c.NotAfter.UTC()
	problem := &Problem{Part: PartCertificate}
	switch {
	case now.After(notAfter):
		problem.Summary = summaryExpired
		problem.Detail = fmt.Sprintf("%s expired on %s. Use a renewed one.", what, notAfter.Format(dateLayout))
	case now.Before(notBefore):
		problem.Summary = summaryNotYet
		problem.Detail = fmt.Sprintf("%s is not valid before %s. Use it from then on, or check the clock of this machine.", what, notBefore.Format(dateLayout))
	default:
		return nil
	}
	return problem
}

// checkDates compares the time of the leaf with now.
func checkDates(leaf *x509.Certificate, now time.Time) *Problem {
	if problem := outOfTime("The certificate "+title(leaf), leaf, now); problem != nil {
		return problem
	}
	left := leaf.NotAfter.Sub(now)
	if left >= soon {
		return nil
	}
	in := "in less than a day"
	switch days := int(left.Hours() / 24); {
	case days == 1:
		in = "in 1 day"
	case days > 1:
		in = fmt.Sprintf("in %d days", days)
	}
	return &Problem{
		Part: PartCertificate, Warning: true, Summary: summarySoon,
		Detail: fmt.Sprintf("The certificate %s expires on %s, %s. Renew it.", title(leaf), leaf.NotAfter.UTC().Format(dateLayout), in),
	}
}

// checkKey refuses kinds of keys that the other side of TLS would refuse.
func checkKey(leaf *x509.Certificate) *Problem {
	if fault := keyFault(leaf.PublicKey); fault != "" {
		return PartCertificate.invalid("The key of the certificate %s is %s. %s", title(leaf), keyName(leaf.PublicKey), fault)
	}
	return nil
}

// checkUsage refuses certificates that are stated to be for other ends. One that states nothing is for all.
func checkUsage(leaf *x509.Certificate) *Problem {
	if len(leaf.ExtKeyUsage)+len(leaf.UnknownExtKeyUsage) == 0 ||
		slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageServerAuth) || slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageAny) {
		return nil
	}
	return PartCertificate.invalid("The certificate %s is not for servers: its extended key usages lack server authentication. Have it issued for TLS servers.", title(leaf))
}
