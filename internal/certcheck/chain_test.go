package certcheck

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
)

// party is a certificate with its key.
type party struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// authorities creates certificates that sign each other. Its zero value is ready to use.
type authorities struct {
	t      *testing.T
	serial int64
}

// sign creates a certificate. A CA's certificate has no DNS names. Without an issuer, the certificate signs itself; without
// a key, it gets a new one.
func (a *authorities) sign(issuer *party, key *ecdsa.PrivateKey, template x509.Certificate) *party {
	a.t.Helper()
	if key == nil {
		var err error
		if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			a.t.Fatal(err)
		}
	}
	a.serial++
	template.SerialNumber = big.NewInt(a.serial)
	if template.NotBefore.IsZero() {
		template.NotBefore = time.Now().AddDate(-5, 0, 0)
	}
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().AddDate(1, 0, 0)
	}
	parent, private := &template, key
	if issuer != nil {
		parent, private = issuer.certificate, issuer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, parent, key.Public(), private)
	if err != nil {
		a.t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return &party{certificate, key}
}

func authority(name string, more ...func(*x509.Certificate)) x509.Certificate {
	template := x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	for _, change := range more {
		change(&template)
	}
	return template
}

func ended(c *x509.Certificate)  { c.NotAfter = time.Now().AddDate(0, 0, -9) }
func future(c *x509.Certificate) { c.NotBefore = time.Now().AddDate(0, 0, 9) }

func forHost() x509.Certificate {
	return x509.Certificate{Subject: pkix.Name{CommonName: host}, DNSNames: []string{host}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
}

func text(chain ...*party) string {
	var b strings.Builder
	for _, p := range chain {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.certificate.Raw}))
	}
	return b.String()
}

// TestChains checks chains as CAs and their customers build them. It asks crypto/x509, with the roots that the row trusts,
// what a client does. A chain that a client accepts must not be refused. If a client refuses a chain and no problem is
// reported, the row gives the reason.
func TestChains(t *testing.T) {
	a := authorities{t: t}
	var (
		oldRoot  = a.sign(nil, nil, authority("Old Root"))
		deadRoot = a.sign(nil, nil, authority("Dead Root", ended))
		root     = a.sign(nil, nil, authority("New Root"))
		other    = a.sign(nil, nil, authority("Other Root"))
		cross    = a.sign(oldRoot, root.key, authority("New Root"))
		deadX    = a.sign(deadRoot, root.key, authority("New Root", ended))
		rootCopy = a.sign(nil, root.key, authority("New Root", ended)) // the old root, from before a renewal with the same key

		issuer    = a.sign(root, nil, authority("Issuer R1"))
		issuerX   = a.sign(oldRoot, issuer.key, authority("Issuer R1"))
		issuerOld = a.sign(root, issuer.key, authority("Issuer R1", ended))
		issuerNew = a.sign(root, issuer.key, authority("Issuer R1", future))
		imposter  = a.sign(root, nil, authority("Issuer R1"))
		renamed   = a.sign(root, issuer.key, authority("Issuer R2"))
		sibling   = a.sign(root, nil, authority("Issuer E1"))
		stranger  = a.sign(other, nil, authority("Issuer of others"))
		top       = a.sign(root, nil, authority("Policy Authority"))
		middle    = a.sign(top, nil, authority("Regional Authority"))
		low       = a.sign(middle, nil, authority("Issuer L1"))
		deadTop   = a.sign(root, top.key, authority("Policy Authority", ended))

		leaf       = a.sign(issuer, nil, forHost())
		deep       = a.sign(low, nil, forHost())
		deepish    = a.sign(middle, nil, forHost())
		otherLeaf  = a.sign(issuer, nil, x509.Certificate{Subject: pkix.Name{CommonName: "other"}, DNSNames: []string{"www.customer.com"}})
		private    = a.sign(root, nil, forHost())
		self       = a.sign(nil, nil, forHost())
		notCA      = a.sign(root, nil, x509.Certificate{Subject: pkix.Name{CommonName: "No authority"}, BasicConstraintsValid: true})
		leafNotCA  = a.sign(notCA, nil, forHost())
		underLeaf  = a.sign(leaf, nil, forHost())
		newIssuer  = []*party{leaf, issuerOld, issuer}
		everything = []*party{leaf, issuer, root, cross, oldRoot, other, sibling, stranger}
	)
	const refused, warned, silent = "refused", "warned of", "silent"
	for title, row := range map[string]struct {
		chain    []*party
		trusted  []*party
		verifies bool
		want     string // silent, warned or refused
		summary  string // of the first problem
		detail   string // part of its detail, in which "$" is the end
		reason   string // why no problem is reported although crypto/x509 refuses the chain
	}{
		// Complete chains.
		"leaf and issuer":                       {[]*party{leaf, issuer}, []*party{root}, true, silent, "", "", ""},
		"with the root":                         {[]*party{leaf, issuer, root}, []*party{root}, true, silent, "", "", ""},
		"with an expired root of the same key":  {[]*party{leaf, issuer, rootCopy}, []*party{root}, true, silent, "", "", ""},
		"two intermediates":                     {[]*party{deep, low, middle}, []*party{top}, true, silent, "", "", ""},
		"three intermediates and the root":      {[]*party{deep, low, middle, top, root}, []*party{root}, true, silent, "", "", ""},
		"with a cross-signed root":              {[]*party{leaf, issuer, cross}, []*party{oldRoot}, true, silent, "", "", ""},
		"with a cross-signed root and its root": {[]*party{leaf, issuer, cross, oldRoot}, []*party{root}, true, silent, "", "", ""},
		"with the root and a cross-sign":        {[]*party{leaf, issuer, root, cross}, []*party{oldRoot}, true, silent, "", "", ""},
		"with a cross-sign and the root":        {[]*party{leaf, issuer, cross, root}, []*party{root}, true, silent, "", "", ""},
		"two paths of the same issuer":          {[]*party{leaf, issuer, issuerX}, []*party{root}, true, silent, "", "", ""},
		"two paths, the other one trusted":      {[]*party{leaf, issuer, issuerX}, []*party{oldRoot}, true, silent, "", "", ""},
		"two paths with both roots":             {[]*party{leaf, issuer, root, issuerX, oldRoot}, []*party{oldRoot}, true, silent, "", "", ""},
		"a private root":                        {[]*party{private, root}, []*party{root}, true, silent, "", "", ""},
		"a chain that ends early":               {[]*party{deep, low}, []*party{root}, false, silent, "", "", "whether clients have the issuer of the last one cannot be told"},

		// More certificates than needed.
		"with an expired cross-signed root":     {[]*party{leaf, issuer, deadX}, []*party{root}, true, warned, summaryExpired, `Certificate 3 of the chain, "CN=New Root", expired`, ""},
		"that one before the root":              {[]*party{leaf, issuer, deadX, root}, []*party{root}, true, warned, summaryExpired, "remove it if there is another path.$", ""},
		"the expired issuer after the new one":  {[]*party{leaf, issuer, issuerOld}, []*party{root}, true, warned, summaryExpired, "Certificate 3", ""},
		"the expired issuer before the new one": {newIssuer, []*party{root}, true, warned, summaryExpired, "Certificate 2", ""},
		"a renewed issuer that begins later":    {[]*party{leaf, issuer, issuerNew}, []*party{root}, true, warned, summaryNotYet, "Certificate 3", ""},
		"the leaf twice":                        {[]*party{leaf, leaf, issuer}, []*party{root}, true, warned, summaryRepeated, "Certificate 2 (\"CN=shop.customer.com\") is the same as certificate 1. Include", ""},
		"the issuer twice":                      {[]*party{leaf, issuer, issuer}, []*party{root}, true, warned, summaryRepeated, "Certificate 3 (\"CN=Issuer R1\") is the same as certificate 2", ""},
		"the whole chain twice":                 {[]*party{leaf, issuer, leaf, issuer}, []*party{root}, true, warned, summaryRepeated, "the first of 2 repeated certificates", ""},
		"all intermediates of the authority":    {[]*party{leaf, issuer, sibling, low}, []*party{root}, true, warned, summaryOutside, `certificate 3 ("CN=Issuer E1"), certificate 4 ("CN=Issuer L1")`, ""},
		"a stranger's authority after it":       {[]*party{leaf, issuer, stranger}, []*party{root}, true, warned, summaryOutside, "the certificate of its issuer, \"CN=New Root\"", ""},
		"a stranger's authority before it":      {[]*party{leaf, stranger, issuer}, []*party{root}, true, warned, summaryOutside, `path from certificate 3 ("CN=Issuer R1"), add the certificate of its issuer, "CN=New Root".$`, ""},
		"a stranger's root after the root":      {[]*party{leaf, issuer, root, other}, []*party{root}, true, warned, summaryOutside, "Remove what does not belong.$", ""},
		"another leaf after it":                 {[]*party{leaf, issuer, otherLeaf}, []*party{root}, true, warned, summaryOutside, "certificate 3", ""},
		"another leaf in between":               {[]*party{leaf, otherLeaf, issuer}, []*party{root}, true, warned, summaryOutside, "certificate 2", ""},
		"what the leaf signed":                  {[]*party{leaf, issuer, underLeaf}, []*party{root}, true, warned, summaryOutside, "certificate 3", ""},
		"as many as are listed":                 {[]*party{leaf, issuer, sibling, stranger, other, low}, []*party{root}, true, warned, summaryOutside, `certificate 6 ("CN=Issuer L1"), as no path`, ""},
		"a bundle of roots":                     {append(everything, low, middle, top), []*party{root}, true, warned, summaryOutside, "2 more", ""},
		"intermediates in the wrong order":      {[]*party{deep, middle, low, top}, []*party{root}, true, warned, summaryOrder, `Certificate 2 ("CN=Regional Authority") signed certificate 3 ("CN=Issuer L1"), but comes before it`, ""},
		"the root before the issuer":            {[]*party{leaf, root, issuer}, []*party{root}, true, warned, summaryOrder, "Certificate 2", ""},
		"self-signed":                           {[]*party{self}, []*party{self}, true, warned, summarySelfSigned, "browsers reject it", ""},
		"self-signed, with an authority":        {[]*party{self, issuer}, []*party{self}, true, warned, summarySelfSigned, "browsers reject it", ""},

		// Incomplete chains, as far as that can be detected.
		"the leaf alone":                   {[]*party{leaf}, []*party{root}, false, warned, summaryIncomplete, `the certificate of its issuer, "CN=Issuer R1", is missing`, ""},
		"the leaf alone, twice":            {[]*party{leaf, leaf}, []*party{root}, false, warned, summaryIncomplete, "has no chain", ""},
		"the leaf of a private root alone": {[]*party{private}, []*party{root}, true, warned, summaryIncomplete, "If the issuer is your own root, add that.", ""},
		"a gap in the middle":              {[]*party{deep, low, top}, []*party{root}, false, warned, summaryOutside, `add the certificate of its issuer, "CN=Regional Authority"`, ""},
		"an expired second intermediate":   {[]*party{deepish, middle, deadTop}, []*party{root}, false, warned, summaryExpired, "Certificate 3", ""},

		// The first certificate is not signed by the others.
		"the issuer before the leaf":          {[]*party{issuer, leaf}, []*party{root}, false, refused, summaryOrder, "reverse order", ""},
		"the whole chain in reverse":          {[]*party{root, issuer, leaf}, []*party{root}, false, refused, summaryOrder, "reverse order: certificate 3", ""},
		"the leaf between its authorities":    {[]*party{issuer, leaf, root}, []*party{root}, false, refused, summaryOrder, "Certificate 2 (\"CN=shop.customer.com\") was signed by certificate 1", ""},
		"what the leaf signed after it alone": {[]*party{leaf, underLeaf}, []*party{root}, false, refused, summaryOrder, "reverse order", ""},
		"the issuer left out":                 {[]*party{leaf, root}, []*party{root}, false, refused, summaryOrder, `Certificate 2 ("CN=New Root") did not sign certificate 1`, ""},
		"a stranger for the issuer":           {[]*party{leaf, stranger}, []*party{root}, false, refused, summaryOrder, `whose issuer is "CN=Issuer R1". Put only its issuer`, ""},
		"another leaf for the issuer":         {[]*party{leaf, otherLeaf}, []*party{root}, false, refused, summaryOrder, "did not sign certificate 1", ""},
		"the leaf twice and a stranger":       {[]*party{leaf, leaf, stranger}, []*party{root}, false, refused, summaryOrder, "Certificate 3", ""},
		"the issuer's name, another key":      {[]*party{leaf, imposter}, []*party{root}, false, refused, summaryOrder, "though it has the name of its issuer", ""},
		"the issuer's key, another name":      {[]*party{leaf, renamed}, []*party{root}, false, refused, summaryOrder, "did not sign certificate 1", ""},
		"an expired issuer":                   {[]*party{leaf, issuerOld}, []*party{root}, false, refused, summaryExpired, "Certificate 2 of the chain", ""},
		"an expired issuer with its root":     {[]*party{leaf, issuerOld, root}, []*party{root}, false, refused, summaryExpired, "Certificate 2 of the chain", ""},
		"an issuer that begins later":         {[]*party{leaf, issuerNew}, []*party{root}, false, refused, summaryNotYet, "Certificate 2 of the chain", ""},
		"an issuer that is no authority":      {[]*party{leafNotCA, notCA}, []*party{root}, false, refused, summaryCertificate, "not marked as a CA", ""},
	} {
		t.Run(title, func(t *testing.T) {
			now := time.Now()
			found := CheckCertificate(text(row.chain...), Options{Hostname: host, Now: now})
			got := silent
			if len(found) > 0 {
				got = warned
				if !found[0].Warning {
					got = refused
				}
				if found[0].Summary != row.summary || !strings.Contains(found[0].Detail+"$", row.detail) {
					t.Errorf("got %+v, want summary %q and detail %q", found, row.summary, row.detail)
				}
			}
			if got != row.want {
				t.Errorf("got %s, want %s: %+v", got, row.want, found)
			}
			for _, problem := range found {
				if len(problem.Detail) > 800 {
					t.Errorf("the detail is longer than 800 bytes: %s", problem.Detail)
				}
			}
			options := x509.VerifyOptions{DNSName: host, CurrentTime: now, Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool()}
			for _, p := range row.trusted {
				options.Roots.AddCert(p.certificate)
			}
			for _, p := range row.chain[1:] {
				options.Intermediates.AddCert(p.certificate)
			}
			_, err := row.chain[0].certificate.Verify(options)
			switch {
			case (err == nil) != row.verifies:
				t.Errorf("crypto/x509 returned %v, want success %t", err, row.verifies)
			case err == nil && got == refused:
				t.Error("a chain is refused that a client accepts")
			case err != nil && got == silent && row.reason == "":
				t.Errorf("crypto/x509 returned %v, but no problem is reported", err)
			}
		})
	}
}

// TestChainsInAnyOrder checks that no chain is refused that a client accepts, whatever certificates follow the leaf, in any
// order.
func TestChainsInAnyOrder(t *testing.T) {
	a := authorities{t: t}
	root, oldRoot := a.sign(nil, nil, authority("New Root")), a.sign(nil, nil, authority("Old Root"))
	top := a.sign(root, nil, authority("Policy Authority"))
	issuer := a.sign(top, nil, authority("Issuer"))
	leaf := a.sign(issuer, nil, forHost())
	pool := []*party{
		issuer, top, a.sign(oldRoot, root.key, authority("New Root", ended)), a.sign(oldRoot, issuer.key, authority("Issuer")),
		a.sign(top, issuer.key, authority("Issuer", ended)), a.sign(oldRoot, nil, authority("Stranger")),
	}
	accepted := 0
	for chosen := range 1 << len(pool) {
		var behind []*party
		for i, p := range pool {
			if chosen&(1<<i) != 0 {
				behind = append(behind, p)
			}
		}
		for _, order := range [][]*party{slices.Clone(behind), reverse(behind)} {
			options := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool()}
			options.Roots.AddCert(root.certificate)
			options.Roots.AddCert(oldRoot.certificate)
			for _, p := range order {
				options.Intermediates.AddCert(p.certificate)
			}
			_, err := leaf.certificate.Verify(options)
			found := CheckCertificate(text(append([]*party{leaf}, order...)...), Options{Hostname: host, Now: time.Now()})
			refusal := slices.IndexFunc(found, func(p Problem) bool { return !p.Warning })
			if err == nil {
				accepted++
			}
			if err == nil && refusal >= 0 {
				t.Errorf("order %d: a client accepts the chain, but it is refused: %v", chosen, found[refusal].Detail)
			}
			if err != nil && len(order) > 1 && len(found) == 0 {
				t.Errorf("order %d: no problem is reported, but crypto/x509 returned %v", chosen, err)
			}
		}
	}
	if accepted < 32 {
		t.Errorf("a client accepted %d chains, want at least 32", accepted)
	}
}

func reverse(of []*party) []*party {
	reversed := slices.Clone(of)
	slices.Reverse(reversed)
	return reversed
}

// TestWrongKeyBesideAnOddChain checks that a warning about the chain does not hide a key of another certificate.
func TestWrongKeyBesideAnOddChain(t *testing.T) {
	a := authorities{t: t}
	root := a.sign(nil, nil, authority("Root"))
	issuer := a.sign(root, nil, authority("Issuer"))
	leaf, other := a.sign(issuer, nil, forHost()), a.sign(issuer, nil, forHost())
	selfCA := forHost()
	selfCA.IsCA, selfCA.BasicConstraintsValid = true, true
	for title, chain := range map[string]string{
		"repeated":          text(leaf, leaf, issuer),
		"another leaf":      text(leaf, issuer, other),
		"out of order":      text(leaf, root, issuer),
		"alone":             text(leaf),
		"self-signed as CA": text(a.sign(nil, nil, selfCA)),
	} {
		der, err := x509.MarshalPKCS8PrivateKey(other.key)
		if err != nil {
			t.Fatal(err)
		}
		if found := CheckPair(chain, pemBlock("PRIVATE KEY", der)); len(found) != 1 || found[0].Summary != summaryPair {
			t.Errorf("%s: got %+v, want that the key does not match", title, found)
		}
	}
}

// TestOldAuthorities checks certificates before version 3, which do not state whether they belong to a CA.
func TestOldAuthorities(t *testing.T) {
	a := authorities{t: t}
	old := *a.sign(a.sign(nil, nil, authority("Root")), nil, x509.Certificate{Subject: pkix.Name{CommonName: "Issuer"}}).certificate
	for version, usable := range map[int]bool{1: true, 3: false} {
		old.Version = version
		if problem := checkAuthorityAt(&old, 2, time.Now()); (problem == nil) != usable {
			t.Errorf("version %d: got %+v, want usable %t", version, problem, usable)
		}
	}
}

// TestCanonical checks that the canonical PEM has every block and nothing else, and is equal to the original.
func TestCanonical(t *testing.T) {
	pair := issue(t)
	odd := "\ufeffsubject=x\r\n  " + strings.ReplaceAll(strings.ReplaceAll(pair.CertificatePEM, " CERTIFICATE", " X509 CERTIFICATE"), "\n", "\r  ")
	chain, err := ParseCertificate(odd + odd)
	if err != nil || chain.PEM() != pair.CertificatePEM+pair.CertificatePEM || !Same(chain.PEM(), odd+odd) {
		t.Errorf("got error %v, %+v; want the PEM of both certificates", err, chain)
	}
	key, err := PrivateKeyPEM("  " + strings.ReplaceAll(pair.PrivateKeyPEM, "\n", "\r\n  ") + "end")
	if err != nil || key != pair.PrivateKeyPEM {
		t.Errorf("got another key; error %v", err)
	}
	var problem *Problem
	if key, err := PrivateKeyPEM(pair.CertificatePEM); !errors.As(err, &problem) || key != "" {
		t.Errorf("PrivateKeyPEM accepted a certificate; error %v", err)
	}
}
