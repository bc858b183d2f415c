package certcheck

import (
	"bytes"
	"crypto"
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

// CheckCertificate applies all rules that need the certificate alone, and returns what it finds, errors first.
func CheckCertificate(text string, o Options) []Problem {
	chain, problem := parseCertificate(text)
	if problem != nil {
		return []Problem{*problem}
	}
	var found []Problem
	add := func(problem *Problem) {
		if problem != nil {
			found = append(found, *problem)
		}
	}
	leaf := chain.Certificates[0]
	if order := checkOrder(chain.Certificates); order != nil {
		// With another certificate first, what follows would be about the wrong one.
		return []Problem{*order}
	}
	add(checkAuthority(leaf))
	add(checkName(leaf, o.Hostname))
	add(checkDates(leaf, o.Now))
	add(checkKey(leaf))
	add(checkUsage(leaf))
	slices.SortStableFunc(found, func(a, b Problem) int {
		switch {
		case a.Warning == b.Warning:
			return 0
		case b.Warning:
			return -1
		}
		return 1
	})
	return found
}

// CheckPrivateKey says what is wrong with a key on its own.
func CheckPrivateKey(text string) []Problem {
	if _, problem := parsePrivateKey(text); problem != nil {
		return []Problem{*problem}
	}
	return nil
}

// CheckPair says whether a key belongs to the leaf. It says nothing if either cannot be read, or if the chain is out of
// order.
func CheckPair(certificate, key string) []Problem {
	chain, problem := parseCertificate(certificate)
	if problem != nil {
		return nil
	}
	signer, problem := parsePrivateKey(key)
	if problem != nil {
		return nil
	}
	if checkOrder(chain.Certificates) != nil || equalKeys(chain.Certificates[0].PublicKey, signer.Public()) {
		// With another certificate first, the order is to be mended, and the key may well be right.
		return nil
	}
	leaf := chain.Certificates[0]
	return []Problem{{
		Part: PartPrivateKey, Summary: summaryPair,
		Detail: fmt.Sprintf("The private key (%s) does not belong to the certificate %s (%s). Give the key that its certificate request was made with.",
			keyName(signer.Public()), show(leaf.Subject.String()), keyName(leaf.PublicKey)),
	}}
}

func equalKeys(a, b crypto.PublicKey) bool {
	key, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && key.Equal(b)
}

// signed tells whether parent signed child. An algorithm too weak to be checked counts as signed: whether it is too
// weak for clients is another question, and roots are often so.
func signed(child, parent *x509.Certificate) bool {
	if !bytes.Equal(child.RawIssuer, parent.RawSubject) {
		return false
	}
	err := parent.CheckSignature(child.SignatureAlgorithm, child.RawTBSCertificate, child.Signature)
	return err == nil || errors.As(err, new(x509.InsecureAlgorithmError))
}

func checkOrder(chain []*x509.Certificate) *Problem {
	outOfOrder := func(format string, args ...any) *Problem {
		return &Problem{Part: PartCertificate, Summary: summaryOrder, Detail: fmt.Sprintf(format, args...)}
	}
	for i, certificate := range chain {
		for j := range i {
			if certificate.Equal(chain[j]) {
				return outOfOrder("Certificate %d (%s) is the same as certificate %d. Remove one of them.", i+1, show(certificate.Subject.String()), j+1)
			}
		}
	}
	for i := range len(chain) - 1 {
		child, parent := chain[i], chain[i+1]
		if signed(child, parent) {
			continue
		}
		if signed(parent, child) {
			return outOfOrder("Certificate %d (%s) was signed by certificate %d (%s), so it must stand before it. Put the leaf first, and after each certificate the one that signed it.",
				i+2, show(parent.Subject.String()), i+1, show(child.Subject.String()))
		}
		return outOfOrder("Certificate %d (%s) did not sign certificate %d (%s), whose issuer is %s. After each certificate put the one that signed it, and nothing else.",
			i+2, show(parent.Subject.String()), i+1, show(child.Subject.String()), show(child.Issuer.String()))
	}
	return nil
}

// checkAuthority refuses certificates of authorities. Test set-ups use a self-signed certificate, which tools mark as
// an authority's by default: that passes with a warning.
func checkAuthority(leaf *x509.Certificate) *Problem {
	switch {
	case signed(leaf, leaf):
		return &Problem{
			Part: PartCertificate, Warning: true, Summary: summarySelfSigned,
			Detail: fmt.Sprintf("The certificate %s is signed by itself, so browsers refuse it. Use one of a public authority where people are to use it.", show(leaf.Subject.String())),
		}
	case leaf.IsCA:
		return PartCertificate.invalid("The first certificate, %s, is one of an authority and not of a hostname. Put the certificate of the hostname first.", show(leaf.Subject.String()))
	}
	return nil
}

func checkName(leaf *x509.Certificate, hostname string) *Problem {
	if hostname == "" || slices.ContainsFunc(leaf.DNSNames, func(pattern string) bool { return covers(pattern, hostname) }) {
		return nil
	}
	problem := &Problem{Part: PartCertificate, Summary: summaryName}
	if len(leaf.DNSNames) == 0 {
		problem.Detail = fmt.Sprintf("The certificate %s has no subject alternative names, and browsers look at no others. Have it issued with %s as one.", show(leaf.Subject.String()), show(hostname))
		return problem
	}
	const most = 5
	names := make([]string, 0, most+1)
	for i, name := range leaf.DNSNames {
		if i == most {
			names = append(names, fmt.Sprintf("%d more", len(leaf.DNSNames)-most))
			break
		}
		names = append(names, show(name))
	}
	problem.Detail = fmt.Sprintf("The certificate covers %s, but not %s. Use a certificate that has it, or its wildcard, among its subject alternative names.",
		strings.Join(names, ", "), show(hostname))
	return problem
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

func checkDates(leaf *x509.Certificate, now time.Time) *Problem {
	const layout = "2 Jan 2006 15:04 UTC"
	problem := &Problem{Part: PartCertificate}
	notBefore, notAfter := leaf.NotBefore.UTC(), leaf.NotAfter.UTC()
	switch {
	case now.After(notAfter):
		problem.Summary = summaryExpired
		problem.Detail = fmt.Sprintf("The certificate %s expired on %s. Use a renewed one.", show(leaf.Subject.String()), notAfter.Format(layout))
	case now.Before(notBefore):
		problem.Summary = summaryNotYet
		problem.Detail = fmt.Sprintf("The certificate %s is not valid before %s. Use it from then on, or check the clock of this machine.", show(leaf.Subject.String()), notBefore.Format(layout))
	case notAfter.Sub(now) < soon:
		problem.Warning, problem.Summary = true, summarySoon
		problem.Detail = fmt.Sprintf("The certificate %s expires on %s, in %d days. Renew it.", show(leaf.Subject.String()), notAfter.Format(layout), int(notAfter.Sub(now).Hours()/24))
	default:
		return nil
	}
	return problem
}

func checkKey(leaf *x509.Certificate) *Problem {
	if fault := keyFault(leaf.PublicKey); fault != "" {
		return PartCertificate.invalid("The key of the certificate %s is %s. %s", show(leaf.Subject.String()), keyName(leaf.PublicKey), fault)
	}
	return nil
}

func checkUsage(leaf *x509.Certificate) *Problem {
	if len(leaf.ExtKeyUsage)+len(leaf.UnknownExtKeyUsage) == 0 ||
		slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageServerAuth) || slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageAny) {
		return nil
	}
	return PartCertificate.invalid("The certificate %s is not for servers: its extended key usages lack server authentication. Have it issued for TLS servers.", show(leaf.Subject.String()))
}
