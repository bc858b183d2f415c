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

// soon is the remaining lifetime below which a certificate causes a warning.
const soon = 30 * 24 * time.Hour

// Options are the parameters of CheckCertificate.
type Options struct {
	Hostname string    // the name to cover; "" skips that check
	Now      time.Time // the time to compare dates with
}

// CheckCertificate applies all rules that need no private key, and returns the problems found, errors first. It returns
// a single problem for a text that cannot be parsed and for a chain that begins with a CA certificate: the other rules
// would check the wrong certificate.
func CheckCertificate(text string, o Options) []Problem {
	chain, problem := parseCertificate(text)
	if problem != nil {
		return []Problem{*problem}
	}
	leaf, links := chain[0], link(chain)
	if links.refusal != nil && leaf.IsCA {
		return []Problem{*links.refusal}
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
	add(links.refusal)
	add(authority)
	add(checkName(leaf, o.Hostname))
	add(checkKey(leaf))
	add(checkUsage(leaf))
	add(checkDates(leaf, o.Now))
	for _, problem := range slices.Concat(checkAuthorities(chain, links, o.Now), links.warnings) {
		add(&problem)
	}
	return slices.Concat(refusals, warnings)
}

// CheckPrivateKey returns the problems of a private key on its own.
func CheckPrivateKey(text string) []Problem {
	if answer := lookAtKey(text); answer.problem != nil {
		return []Problem{*answer.problem}
	}
	return nil
}

// CheckPair checks that a key belongs to the leaf. It returns nothing where another check asks for another certificate,
// which the key may match: if either text cannot be parsed, if a CA certificate comes first, or if the chain is out of
// order and the key belongs to another of its certificates.
func CheckPair(certificate, key string) []Problem {
	chain, problem := parseCertificate(certificate)
	private := lookAtKey(key)
	if problem != nil || private.problem != nil {
		return nil
	}
	owner := slices.IndexFunc(chain, func(c *x509.Certificate) bool { return equalKeys(c.PublicKey, private.public) })
	leaf := chain[0]
	if owner == 0 || owner > 0 && link(chain).refusal != nil || leaf.IsCA && !signed(leaf, leaf) {
		return nil
	}
	detail := fmt.Sprintf("The private key (%s) does not belong to the certificate %s (%s)", keyName(private.public), title(leaf), keyName(leaf.PublicKey))
	if owner > 0 {
		detail += fmt.Sprintf(", but to the CA certificate %d of the chain, %s", owner+1, title(chain[owner]))
	}
	return []Problem{{
		Part: PartPrivateKey, Summary: summaryPair,
		Detail: detail + ". Use the key that its certificate request was made with.",
	}}
}

func equalKeys(a, b crypto.PublicKey) bool {
	key, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && key.Equal(b)
}

// signed reports whether parent signed child. A signature with an algorithm that cannot be checked, because it is too
// weak or too rare, counts as valid: old roots often have one.
func signed(child, parent *x509.Certificate) bool {
	if !bytes.Equal(child.RawIssuer, parent.RawSubject) {
		return false
	}
	return signatures.get([2][sha256.Size]byte{sha256.Sum256(child.Raw), sha256.Sum256(parent.Raw)}, func() bool {
		err := parent.CheckSignature(child.SignatureAlgorithm, child.RawTBSCertificate, child.Signature)
		return err == nil || errors.As(err, new(x509.InsecureAlgorithmError)) || errors.Is(err, x509.ErrUnsupportedAlgorithm)
	})
}

// checkAuthority refuses CA certificates as leaves. Test environments use self-signed certificates, which tools mark as
// CA by default. These have DNS names, unlike roots, and only cause a warning.
func checkAuthority(leaf *x509.Certificate, hostname string) *Problem {
	self := signed(leaf, leaf)
	hasNames := len(leaf.DNSNames) > 0 || hostname == "" || covers(leaf.Subject.CommonName, hostname)
	if leaf.IsCA && (!self || !hasNames) {
		return PartCertificate.invalid("The first certificate, %s, is a CA certificate. Put the hostname's certificate first.", title(leaf))
	}
	if !self {
		return nil
	}
	return &Problem{
		Part: PartCertificate, Warning: true, Summary: summarySelfSigned,
		Detail: fmt.Sprintf("The certificate %s is self-signed, so browsers reject it. For public traffic, use a certificate from a public CA.", title(leaf)),
	}
}

// checkName checks only subject alternative names, as browsers do.
func checkName(leaf *x509.Certificate, hostname string) *Problem {
	if hostname == "" || isFor(leaf, hostname) {
		return nil
	}
	problem := &Problem{Part: PartCertificate, Summary: summaryName}
	switch {
	case strings.ContainsFunc(hostname, func(r rune) bool { return r > '\x7f' }):
		problem.Detail = fmt.Sprintf("The hostname %s is not ASCII, but certificates contain only ASCII names. Write the hostname in its A-label form, with labels that begin with \"xn--\".", show(hostname))
	case len(leaf.DNSNames) == 0 && covers(leaf.Subject.CommonName, hostname):
		problem.Detail = fmt.Sprintf("The certificate %s names %s only as its common name, which browsers ignore: it has no DNS names among its subject alternative names. Have it reissued with %s as one.",
			title(leaf), show(hostname), show(hostname))
	case len(leaf.DNSNames) == 0:
		problem.Detail = fmt.Sprintf("The certificate %s has no DNS names among its subject alternative names, and browsers check no others. Have it reissued with %s as one.", title(leaf), show(hostname))
	default:
		problem.Detail = fmt.Sprintf("The certificate covers %s, but not %s. Use a certificate whose subject alternative names include it or its wildcard.", list(leaf.DNSNames), show(hostname))
	}
	return problem
}

// list quotes the first few names, as there may be hundreds.
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

// isFor reports whether a certificate covers a hostname.
func isFor(leaf *x509.Certificate, hostname string) bool {
	return slices.ContainsFunc(leaf.DNSNames, func(pattern string) bool { return covers(pattern, hostname) })
}

// covers reports whether a name of a certificate matches a hostname. A wildcard matches one label, and a wildcard
// hostname is matched only by the same wildcard.
func covers(pattern, hostname string) bool {
	pattern = strings.ToLower(strings.TrimSuffix(pattern, "."))
	hostname = strings.ToLower(strings.TrimSuffix(hostname, "."))
	if pattern == hostname {
		return true
	}
	zone, isWildcard := strings.CutPrefix(pattern, "*.")
	label, rest, _ := strings.Cut(hostname, ".")
	return isWildcard && label != "" && rest == zone
}

// dateLayout is the format of times in messages, always in UTC.
const dateLayout = "2 Jan 2006 15:04 UTC"

// outOfTime returns a Problem if a certificate has expired or is not valid yet; what is the subject of its sentence.
func outOfTime(what string, c *x509.Certificate, now time.Time) *Problem {
	notBefore, notAfter := c.NotBefore.UTC(), c.NotAfter.UTC()
	problem := &Problem{Part: PartCertificate}
	switch {
	case now.After(notAfter):
		problem.Summary = summaryExpired
		problem.Detail = fmt.Sprintf("%s expired on %s. Use a renewed one.", what, notAfter.Format(dateLayout))
	case now.Before(notBefore):
		problem.Summary = summaryNotYet
		problem.Detail = fmt.Sprintf("%s is not valid before %s. Wait until then, or check the clock of this machine.", what, notBefore.Format(dateLayout))
	default:
		return nil
	}
	return problem
}

// checkDates checks the validity period of the leaf.
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

// checkKey refuses keys that TLS clients would reject.
func checkKey(leaf *x509.Certificate) *Problem {
	if fault := keyFault(leaf.PublicKey); fault != "" {
		return PartCertificate.invalid("The key of the certificate %s is %s. %s", title(leaf), keyName(leaf.PublicKey), fault)
	}
	return nil
}

// checkUsage refuses certificates that are restricted to other usages. Without extended key usages, all are allowed.
func checkUsage(leaf *x509.Certificate) *Problem {
	if len(leaf.ExtKeyUsage)+len(leaf.UnknownExtKeyUsage) == 0 ||
		slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageServerAuth) || slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageAny) {
		return nil
	}
	return PartCertificate.invalid("The certificate %s is not for servers: its extended key usages do not include server authentication. Have it reissued for TLS servers.", title(leaf))
}
