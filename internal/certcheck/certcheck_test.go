package certcheck

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"terraform-provider-esa/internal/certcheck/certtest"
)

const host = "shop.customer.com"

func issue(t testing.TB, change ...func(*certtest.Spec)) certtest.Pair {
	t.Helper()
	spec := certtest.Spec{DNSNames: []string{host}, Intermediate: 1}
	for _, c := range change {
		c(&spec)
	}
	return certtest.Issue(t, spec)
}

func names(all ...string) func(*certtest.Spec) {
	return func(s *certtest.Spec) { s.DNSNames = all }
}

func key(kind certtest.KeyKind) func(*certtest.Spec) {
	return func(s *certtest.Spec) { s.Key = kind }
}

func authorityOf(s *certtest.Spec) { s.IsCA, s.CommonName = true, "Issuing Authority" }

// issuedBy returns a certificate for host that parent's key signed, followed by parent's chain.
func issuedBy(t testing.TB, parent certtest.Pair, template *x509.Certificate) certtest.Pair {
	t.Helper()
	pair := parent
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	pair.Key, pair.PrivateKeyPEM = private, pemBlock("PRIVATE KEY", der)
	return reissuedBy(t, parent, template, pair)
}

// reissuedBy is like issuedBy, but uses the key of pair.
func reissuedBy(t testing.TB, parent certtest.Pair, template *x509.Certificate, pair certtest.Pair) certtest.Pair {
	t.Helper()
	now := time.Now()
	template.SerialNumber, template.DNSNames, template.NotBefore = big.NewInt(now.UnixNano()), []string{host}, now.AddDate(0, 0, -9)
	if template.NotAfter.IsZero() {
		template.NotAfter = now.AddDate(0, 0, 90)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent.Leaf, pair.Key.Public(), parent.Key)
	if err != nil {
		t.Fatal(err)
	}
	pair.Blocks = slices.Concat([]string{pemBlock("CERTIFICATE", der)}, parent.Blocks)
	pair.CertificatePEM = strings.Join(pair.Blocks, "")
	return pair
}

// foreign returns a PKCS #8 key with the given algorithm and no key material.
func foreign(t *testing.T, kind ...int) string {
	t.Helper()
	der, err := asn1.Marshal(struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
		Key       []byte
	}{0, pkix.AlgorithmIdentifier{Algorithm: kind}, []byte("a key")})
	if err != nil {
		t.Fatal(err)
	}
	return pemBlock("PRIVATE KEY", der)
}

// signedWithMD5 changes the algorithm of an RSA signature to one that nothing verifies any more.
func signedWithMD5(t *testing.T, certificate string) string {
	t.Helper()
	block, _ := pem.Decode([]byte(certificate))
	sha256WithRSA := []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11}
	if n := bytes.Count(block.Bytes, sha256WithRSA); n != 2 {
		t.Fatalf("got the algorithm %d times, want twice", n)
	}
	return pemBlock(block.Type, bytes.ReplaceAll(block.Bytes, sha256WithRSA, append(sha256WithRSA[:8:8], 4)))
}

func pemBlock(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// check applies all rules.
func check(certificate, key string, o Options) []Problem {
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	return slices.Concat(CheckCertificate(certificate, o), CheckPrivateKey(key), CheckPair(certificate, key))
}

func TestBadPairs(t *testing.T) {
	good, other := issue(t), issue(t)
	deep := issue(t, func(s *certtest.Spec) { s.Intermediate = 2 })
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, good.Key)
	if err != nil {
		t.Fatal(err)
	}
	expired := issue(t, func(s *certtest.Spec) { s.NotAfter = time.Now().Add(-49 * time.Hour) })
	early := issue(t, func(s *certtest.Spec) { s.NotBefore = time.Now().Add(49 * time.Hour) })
	authority := issue(t, func(s *certtest.Spec) { s.IsCA = true })
	bare := issue(t, func(s *certtest.Spec) { s.DNSNames, s.CommonName = nil, host })
	client := issue(t, func(s *certtest.Spec) { s.Usages = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })
	short, curve, edwards := issue(t, key(certtest.RSA1024)), issue(t, key(certtest.ECDSAP224)), issue(t, key(certtest.Ed25519))
	hostile := issue(t, names("\x1b[31m"+strings.Repeat("x", 300)+".example"))
	expiredAuthority := issuedBy(t, issue(t, authorityOf, func(s *certtest.Spec) { s.NotAfter = time.Now().Add(-49 * time.Hour) }), &x509.Certificate{})
	earlyAuthority := issuedBy(t, issue(t, authorityOf, func(s *certtest.Spec) { s.NotBefore = time.Now().Add(49 * time.Hour) }), &x509.Certificate{})
	byLeaf := issuedBy(t, good, &x509.Certificate{})
	mid := issue(t, authorityOf)
	underMid := issuedBy(t, mid, &x509.Certificate{})
	nameless := issuedBy(t, mid, &x509.Certificate{NotAfter: time.Now().Add(-49 * time.Hour)})
	root := issue(t, func(s *certtest.Spec) {
		s.DNSNames, s.CommonName, s.SelfSigned, s.IsCA = nil, "Test Root", true, true
	})
	bareRequest := issue(t, func(s *certtest.Spec) {
		s.DNSNames, s.CommonName, s.SelfSigned, s.IsCA = nil, host, true, true
	})
	chinese := issue(t, names("shop.example"), func(s *certtest.Spec) { s.CommonName, s.NotAfter = "客户商店", time.Now().Add(-time.Minute) })
	another := issue(t, func(s *certtest.Spec) { s.DNSNames, s.CommonName = nil, "Some Shop" })
	p256, prime239v3 := []byte{0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}, []byte{0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x06}
	crowded := issue(t, names("a.example", "b.example", "c.example", "d.example", "e.example", "f.example", "g.example", "h.example", "i.example", "j.example"))
	eight := issue(t, names("a.example", "b.example", "c.example", "d.example", "e.example", "f.example", "g.example", "h.example"))
	beside := issue(t, names("other.example"), func(s *certtest.Spec) { s.CommonName = host })
	x25519, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	exchange, err := x509.MarshalPKCS8PrivateKey(x25519)
	if err != nil {
		t.Fatal(err)
	}
	cut := func(text string) string { return strings.TrimSpace(text[:strings.LastIndex(text, "-----END")]) }
	inner := func(text string) string {
		return strings.Join(strings.Split(text, "\n")[1:len(strings.Split(text, "\n"))-2], "")
	}
	literal := func(text string) string { return strings.ReplaceAll(text, "\n", `\n`) }
	oneLine := func(text string) string { return strings.ReplaceAll(text, "\n", "") }
	dek := strings.Replace(good.PrivateKeyPEM, "\n", "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n", 1)

	tests := map[string]struct {
		certificate, key string
		hostname         string
		part             Part
		summary, detail  string
	}{
		"an empty certificate":                       {"", good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "is empty"},
		"a certificate of spaces":                    {" \r\n\t", good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "is empty"},
		"a path for a certificate":                   {"certs/shop.pem", good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "no PEM block"},
		"base64 without its frame":                   {inner(good.Blocks[0]), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "no PEM block"},
		"a certificate as a \\n one-liner":           {literal(good.CertificatePEM), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "replace(value"},
		"a certificate that lost its lines":          {oneLine(good.CertificatePEM), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "newlines seem to have been stripped"},
		"a cut certificate":                          {cut(good.Blocks[0]), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "Block 1 of the certificate is truncated"},
		"a cut intermediate":                         {cut(good.CertificatePEM), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "Block 2 of the certificate is truncated"},
		"a cut leaf before an intermediate":          {cut(good.Blocks[0]) + "\n" + good.Blocks[1], good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "Block 1 of the certificate is truncated"},
		"a frame that does not match":                {strings.Replace(good.Blocks[0], "END CERTIFICATE", "END OTHER", 1), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, `begins as "CERTIFICATE" and ends as "OTHER"`},
		"a damaged certificate":                      {strings.Replace(good.Blocks[0], "MII", "M*I", 1), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "is not valid base64"},
		"an empty block":                             {"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "it is empty"},
		"bytes that are no certificate":              {pemBlock("CERTIFICATE", []byte("no certificate")), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, `not a usable X.509 certificate ("x509: malformed certificate"). Use the text exactly as issued.`},
		"a private key for a certificate":            {good.PrivateKeyPEM, good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "Block 1 of the certificate is a private key"},
		"a private key after the certificate":        {good.CertificatePEM + good.PrivateKeyPEM, good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "Block 3 of the certificate is a private key"},
		"an old request for a certificate":           {pemBlock("NEW CERTIFICATE REQUEST", request), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "is a certificate request"},
		"a first line that lost its last dashes":     {strings.Replace(good.Blocks[0], "BEGIN CERTIFICATE-----", "BEGIN CERTIFICATE", 1), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "BEGIN must be on its own line"},
		"a first line without a kind":                {strings.Replace(good.Blocks[0], "BEGIN CERTIFICATE", "BEGIN ", 1), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "BEGIN must be on its own line"},
		"a kind with a long word":                    {pemBlock("CERTIFICATES", []byte{1}), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "a block of an unknown type"},
		"a kind in small letters":                    {pemBlock("certificate", []byte{1}), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "a block of an unknown type"},
		"a request for a certificate":                {pemBlock("CERTIFICATE REQUEST", request), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "certificate request"},
		"a public key for a certificate":             {pemBlock("PUBLIC KEY", []byte{1}), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, `"PUBLIC KEY"`},
		"a PKCS #7 bundle":                           {pemBlock("PKCS7", []byte{1}), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "openssl pkcs7"},
		"the intermediate first":                     {good.Blocks[1] + good.Blocks[0], good.PrivateKeyPEM, host, PartCertificate, summaryOrder, "Put the leaf first"},
		"a chain in reverse":                         {deep.Blocks[2] + deep.Blocks[1] + deep.Blocks[0], deep.PrivateKeyPEM, host, PartCertificate, summaryOrder, "reverse order: certificate 3"},
		"the leaf second":                            {deep.Blocks[1] + deep.Blocks[0] + deep.Blocks[2], deep.PrivateKeyPEM, host, PartCertificate, summaryOrder, "was signed by certificate 1"},
		"an intermediate left out":                   {deep.Blocks[0] + deep.Blocks[2], deep.PrivateKeyPEM, host, PartCertificate, summaryOrder, "did not sign certificate 1"},
		"another authority's intermediate":           {good.Blocks[0] + other.Blocks[1], good.PrivateKeyPEM, host, PartCertificate, summaryOrder, "did not sign certificate 1"},
		"two leaves":                                 {good.Blocks[0] + other.Blocks[0], good.PrivateKeyPEM, host, PartCertificate, summaryOrder, "did not sign certificate 1"},
		"another hostname":                           {good.CertificatePEM, good.PrivateKeyPEM, "www.customer.com", PartCertificate, summaryName, `covers "shop.customer.com", but not "www.customer.com"`},
		"a hostname one label deeper":                {good.CertificatePEM, good.PrivateKeyPEM, "a." + host, PartCertificate, summaryName, "but not"},
		"a wildcard for two labels":                  {wild(t), wildKey(t), "a.b.customer.com", PartCertificate, summaryName, "but not"},
		"a wildcard for its zone":                    {wild(t), wildKey(t), "customer.com", PartCertificate, summaryName, "but not"},
		"a wildcard for an empty label":              {wild(t), wildKey(t), ".customer.com", PartCertificate, summaryName, "but not"},
		"a wildcard for another wildcard":            {wild(t), wildKey(t), "*.shop.customer.com", PartCertificate, summaryName, "but not"},
		"a wildcard hostname":                        {good.CertificatePEM, good.PrivateKeyPEM, "*.customer.com", PartCertificate, summaryName, "but not"},
		"a common name alone":                        {bare.CertificatePEM, bare.PrivateKeyPEM, host, PartCertificate, summaryName, "only as its common name"},
		"a hostile name":                             {hostile.CertificatePEM, hostile.PrivateKeyPEM, host, PartCertificate, summaryName, `\x1b`},
		"expired":                                    {expired.CertificatePEM, expired.PrivateKeyPEM, host, PartCertificate, summaryExpired, "expired on " + time.Now().Add(-49*time.Hour).UTC().Format("2 Jan 2006")},
		"not valid yet":                              {early.CertificatePEM, early.PrivateKeyPEM, host, PartCertificate, summaryNotYet, "not valid before " + time.Now().Add(49*time.Hour).UTC().Format("2 Jan 2006")},
		"an authority's certificate":                 {authority.CertificatePEM, authority.PrivateKeyPEM, host, PartCertificate, summaryCertificate, "is a CA certificate"},
		"text before the first line":                 {"cert: " + good.Blocks[0], good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "nothing before the dashes"},
		"a cut private key after the certificate":    {good.CertificatePEM + cut(good.PrivateKeyPEM), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "Block 3 of the certificate is a private key"},
		"a private key in one line":                  {literal(good.PrivateKeyPEM), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "Block 1 of the certificate is a private key"},
		"a private key that is called a certificate": {strings.ReplaceAll(good.PrivateKeyPEM, "PRIVATE KEY", "CERTIFICATE"), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "Block 1 of the certificate is a private key"},
		"openssl's trusted form":                     {pemBlock("TRUSTED CERTIFICATE", good.Leaf.Raw), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "openssl x509"},
		"a first line within a line":                 {"see -----BEGIN CERTIFICATE----- below", good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "at the start of a line"},
		"another common name alone":                  {another.CertificatePEM, another.PrivateKeyPEM, host, PartCertificate, summaryName, "and browsers check no others"},
		"a common name beside other names":           {beside.CertificatePEM, beside.PrivateKeyPEM, host, PartCertificate, summaryName, `covers "other.example", but not "shop.customer.com"`},
		"a list of revoked certificates":             {pemBlock("X509 CRL", []byte{1}), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, `"X509 CRL"`},
		"a kind that may be anything":                {pemBlock("MIGHAGEAMBMGByqGSM49", []byte{1}), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "a block of an unknown type"},
		"bytes after a certificate":                  {pemBlock("CERTIFICATE", append(slices.Clip(good.Leaf.Raw), 0)), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "trailing data"},
		"an intermediate alone":                      {good.Blocks[1], good.PrivateKeyPEM, host, PartCertificate, summaryCertificate, "Put the hostname's certificate first"},
		"a root alone":                               {root.CertificatePEM, root.PrivateKeyPEM, host, PartCertificate, summaryCertificate, `"CN=Test Root"`},
		"an intermediate that has expired":           {expiredAuthority.CertificatePEM, expiredAuthority.PrivateKeyPEM, host, PartCertificate, summaryExpired, "Certificate 2 of the chain"},
		"an intermediate that is not valid yet":      {earlyAuthority.CertificatePEM, earlyAuthority.PrivateKeyPEM, host, PartCertificate, summaryNotYet, "Certificate 2 of the chain"},
		"signed by what is no authority":             {byLeaf.CertificatePEM, byLeaf.PrivateKeyPEM, host, PartCertificate, summaryCertificate, "Certificate 2 of the chain"},
		"expired, without a subject":                 {nameless.CertificatePEM, nameless.PrivateKeyPEM, host, PartCertificate, summaryExpired, `The certificate "shop.customer.com" expired`},
		"expired, with a name that is not ASCII":     {chinese.CertificatePEM, chinese.PrivateKeyPEM, "", PartCertificate, summaryExpired, `"CN=客户商店"`},
		"a hostname that is not ASCII":               {good.CertificatePEM, good.PrivateKeyPEM, "bücher.customer.com", PartCertificate, summaryName, `"bücher.customer.com" is not ASCII`},
		"as many names as are listed":                {eight.CertificatePEM, eight.PrivateKeyPEM, host, PartCertificate, summaryName, `"h.example", but not`},
		"too many names to list":                     {crowded.CertificatePEM, crowded.PrivateKeyPEM, host, PartCertificate, summaryName, `"h.example", 2 more, but not`},
		"a client's certificate":                     {client.CertificatePEM, client.PrivateKeyPEM, host, PartCertificate, summaryCertificate, "server authentication"},

		"an empty key":                      {good.CertificatePEM, "", host, PartPrivateKey, summaryKey, "is empty"},
		"a path for a key":                  {good.CertificatePEM, "key.pem", host, PartPrivateKey, summaryKey, "no PEM block"},
		"a key as a \\n one-liner":          {good.CertificatePEM, literal(good.PrivateKeyPEM), host, PartPrivateKey, summaryKey, "replace(value"},
		"a key that lost its lines":         {good.CertificatePEM, oneLine(good.PrivateKeyPEM), host, PartPrivateKey, summaryKey, "newlines seem to have been stripped"},
		"a cut key":                         {good.CertificatePEM, cut(good.PrivateKeyPEM), host, PartPrivateKey, summaryKey, "is truncated"},
		"a damaged key":                     {good.CertificatePEM, pemBlock("PRIVATE KEY", []byte("no key")), host, PartPrivateKey, summaryKey, "cannot be parsed"},
		"a certificate for a key":           {good.CertificatePEM, good.CertificatePEM, host, PartPrivateKey, summaryKey, "Block 1 of the private key is a certificate"},
		"a certificate after the key":       {good.CertificatePEM, good.PrivateKeyPEM + good.CertificatePEM, host, PartPrivateKey, summaryKey, "Block 2 of the private key is a certificate"},
		"a key without its first line":      {good.CertificatePEM, good.PrivateKeyPEM + "-----END PRIVATE KEY-----", host, PartPrivateKey, summaryKey, "Block 2 of the private key has an \"-----END\" line, but no line"},
		"a key that is not base64":          {good.CertificatePEM, strings.Replace(good.PrivateKeyPEM, "MIG", "M*G", 1), host, PartPrivateKey, summaryKey, `Block 1 of the private key ("PRIVATE KEY") is corrupt: it is not valid base64`},
		"a DSA key":                         {good.CertificatePEM, pemBlock("DSA PRIVATE KEY", []byte{0x30, 0}), host, PartPrivateKey, summaryKey, "is a DSA key"},
		"a DSA key as PKCS #8":              {good.CertificatePEM, foreign(t, 1, 2, 840, 10040, 4, 1), host, PartPrivateKey, summaryKey, "is a DSA key"},
		"an RSA-PSS key":                    {good.CertificatePEM, foreign(t, 1, 2, 840, 113549, 1, 1, 10), host, PartPrivateKey, summaryKey, "is an RSA-PSS key"},
		"an Ed448 key":                      {good.CertificatePEM, foreign(t, 1, 3, 101, 113), host, PartPrivateKey, summaryKey, "is an Ed448 key"},
		"an X448 key":                       {good.CertificatePEM, foreign(t, 1, 3, 101, 111), host, PartPrivateKey, summaryKey, "is an X448 key"},
		"a key on another curve":            {good.CertificatePEM, foreign(t, 1, 2, 840, 10045, 2, 1), host, PartPrivateKey, summaryKey, "on an unsupported curve"},
		"an old-style key on another curve": {good.CertificatePEM, pemBlock("EC PRIVATE KEY", []byte{0x30, 0}), host, PartPrivateKey, summaryKey, "on an unsupported curve"},
		"a certificate on another curve":    {pemBlock("CERTIFICATE", bytes.ReplaceAll(good.Leaf.Raw, p256, prime239v3)), good.PrivateKeyPEM, host, PartCertificate, summaryCertificate, `("x509: unsupported elliptic curve"). Use RSA of at least 2048 bits`},
		"a key of no kind that is known":    {good.CertificatePEM, foreign(t, 1, 2, 3), host, PartPrivateKey, summaryKey, "cannot be parsed"},
		"a key for key exchange":            {good.CertificatePEM, pemBlock("PRIVATE KEY", exchange), host, PartPrivateKey, summaryKey, "cannot sign"},
		"the authority's key":               {underMid.CertificatePEM, mid.PrivateKeyPEM, host, PartPrivateKey, summaryPair, "but to the CA certificate 2 of the chain"},
		"two keys":                          {good.CertificatePEM, good.PrivateKeyPEM + other.PrivateKeyPEM, host, PartPrivateKey, summaryKey, "second key"},
		"a key encrypted as PKCS #8":        {good.CertificatePEM, pemBlock("ENCRYPTED PRIVATE KEY", []byte{1}), host, PartPrivateKey, summaryKey, "openssl pkey"},
		"a key encrypted by its headers":    {good.CertificatePEM, dek, host, PartPrivateKey, summaryKey, "openssl pkey"},
		"an OpenSSH key":                    {good.CertificatePEM, pemBlock("OPENSSH PRIVATE KEY", []byte{1}), host, PartPrivateKey, summaryKey, "ssh-keygen"},
		"a public key for a key":            {good.CertificatePEM, pemBlock("PUBLIC KEY", []byte{1}), host, PartPrivateKey, summaryKey, `"PUBLIC KEY"`},
		"curve parameters alone":            {good.CertificatePEM, pemBlock("EC PARAMETERS", []byte{1}), host, PartPrivateKey, summaryKey, "contains no key"},
		"another certificate's key":         {good.CertificatePEM, other.PrivateKeyPEM, host, PartPrivateKey, summaryPair, "does not belong to the certificate"},
		"a key of another kind":             {good.CertificatePEM, issue(t, key(certtest.RSA2048)).PrivateKeyPEM, host, PartPrivateKey, summaryPair, "(RSA-2048) does not belong"},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			found := check(test.certificate, test.key, Options{Hostname: test.hostname})
			if len(found) != 1 {
				t.Fatalf("got %d problems, want 1: %+v", len(found), found)
			}
			got := found[0]
			if got.Part != test.part || got.Summary != test.summary || got.Warning || !strings.Contains(got.Detail, test.detail) {
				t.Errorf("got %+v, want part %v, summary %q and detail %q", got, test.part, test.summary, test.detail)
			}
			if strings.ContainsFunc(got.Detail, func(r rune) bool { return r < ' ' }) || len(got.Detail) > 800 {
				t.Errorf("the detail has control characters or more than 800 bytes: %q", got.Detail)
			}
			if leaks(got.Detail, test.key) || leaks(got.Detail, test.certificate) {
				t.Errorf("the detail contains part of its input: %s", got.Detail)
			}
		})
	}
	// A self-signed certificate that has its hostname only as the common name, as tools create it, has both problems.
	if found := CheckCertificate(bareRequest.CertificatePEM, Options{Hostname: host, Now: time.Now()}); len(found) != 2 ||
		!strings.Contains(found[0].Detail, "only as its common name") || found[1].Summary != summarySelfSigned {
		t.Errorf("self-signed certificate with a common name only: got %+v, want both problems", found)
	}
	// A problem with the order hides neither a problem with the leaf nor a key of another certificate.
	both := check(expired.Blocks[0]+other.Blocks[1], other.PrivateKeyPEM, Options{Hostname: host})
	if len(both) != 3 || both[0].Summary != summaryOrder || both[1].Summary != summaryExpired || both[2].Summary != summaryPair {
		t.Errorf("chain with three problems: got %+v", both)
	}
	// A weak key is a problem of both the certificate and the key.
	for title, pair := range map[string]certtest.Pair{"RSA-1024": short, "ECDSA-P224": curve, "Ed25519": edwards} {
		found := check(pair.CertificatePEM, pair.PrivateKeyPEM, Options{Hostname: host})
		if len(found) != 2 || !strings.Contains(found[0].Detail, title) || !strings.Contains(found[1].Detail, title) || found[0].Part == found[1].Part {
			t.Errorf("%s: got %+v, want one problem for each part", title, found)
		}
	}
}

// TestRareCertificates checks valid certificates that crypto/x509 cannot use or does not check.
func TestRareCertificates(t *testing.T) {
	now := time.Now()
	pair := issue(t, key(certtest.Ed25519))
	ed448 := bytes.ReplaceAll(pair.Leaf.Raw, []byte{0x2b, 0x65, 0x70}, []byte{0x2b, 0x65, 0x71})
	found := CheckCertificate(pemBlock("CERTIFICATE", ed448)+pair.Blocks[1], Options{Hostname: host, Now: now})
	if len(found) != 1 || found[0].Warning || !strings.Contains(found[0].Detail, "is of an unknown type. That key type is not supported.") {
		t.Errorf("key of an unknown type: got %+v, want that it is not supported", found)
	}
	if found := CheckPair(pemBlock("CERTIFICATE", ed448)+pair.Blocks[1], issue(t).PrivateKeyPEM); len(found) != 1 || !strings.Contains(found[0].Detail, "(of an unknown type). Use the key") {
		t.Errorf("key of an unknown type: got %+v, want that the private key does not belong to it", found)
	}
	for want, c := range map[string]*x509.Certificate{
		`"CN=a"`:             {Subject: pkix.Name{CommonName: "a"}, DNSNames: []string{"b"}, SerialNumber: big.NewInt(1)},
		`"b"`:                {DNSNames: []string{"b"}, SerialNumber: big.NewInt(1)},
		`"serial number 0a"`: {SerialNumber: big.NewInt(10)},
		`"serial number 00"`: {SerialNumber: new(big.Int)},
	} {
		if got := title(c); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestLimits checks the values on both sides of each limit.
func TestLimits(t *testing.T) {
	t.Parallel()
	problemsOf := func(pair certtest.Pair, key string) []string {
		var found []string
		for _, problem := range check(pair.CertificatePEM, key, Options{Hostname: host}) {
			if !problem.Warning {
				found = append(found, problem.Detail)
			}
		}
		return found
	}
	// A certificate that signed itself and is a CA, common in tests, still needs its own key.
	own := issue(t, func(s *certtest.Spec) { s.SelfSigned, s.IsCA = true, true })
	if found := problemsOf(own, own.PrivateKeyPEM); len(found) > 0 {
		t.Errorf("self-signed CA with its own key: got %q, want no problem", found)
	}
	if found := problemsOf(own, issue(t).PrivateKeyPEM); len(found) != 1 || !strings.Contains(found[0], "does not belong to the certificate") {
		t.Errorf("self-signed CA with another key: got %q, want a mismatch", found)
	}
	// One bit fewer than the minimum is refused.
	for bits, good := range map[int]bool{2047: false, 2048: true} {
		short, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.MarshalPKCS8PrivateKey(short)
		if err != nil {
			t.Fatal(err)
		}
		if found := CheckPrivateKey(pemBlock("PRIVATE KEY", der)); (len(found) == 0) != good {
			t.Errorf("RSA key of %d bits: got %+v", bits, found)
		}
	}
	// An extended key usage that crypto/x509 does not know still counts as one.
	mid := issue(t, authorityOf)
	codes := asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 10, 3, 4}
	for title, usages := range map[string][]asn1.ObjectIdentifier{"none": nil, "an unknown one": {codes}, "an unknown one and servers": {codes, {1, 3, 6, 1, 5, 5, 7, 3, 1}}} {
		leaf := issuedBy(t, mid, &x509.Certificate{DNSNames: []string{host}, UnknownExtKeyUsage: usages})
		refused := slices.ContainsFunc(problemsOf(leaf, leaf.PrivateKeyPEM), func(detail string) bool { return strings.Contains(detail, "is not for servers") })
		if refused != (title == "an unknown one") {
			t.Errorf("%s: got refused %t, want %t", title, refused, !refused)
		}
	}
}

var wildcard = struct{ certificate, key string }{}

func wild(t *testing.T) string {
	if wildcard.certificate == "" {
		pair := issue(t, names("*.customer.com"))
		wildcard.certificate, wildcard.key = pair.CertificatePEM, pair.PrivateKeyPEM
	}
	return wildcard.certificate
}

func wildKey(t *testing.T) string {
	wild(t)
	return wildcard.key
}

// leaks reports whether a message contains a run of base64 from the body of a PEM.
func leaks(message, input string) bool {
	const run = 12
	notBase64 := func(r rune) bool {
		return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=", r)
	}
	for line := range strings.Lines(input) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "-----") || strings.Contains(line, ":") {
			continue
		}
		for _, word := range strings.FieldsFunc(line, notBase64) {
			for i := 0; i+run <= len(word); i++ {
				if strings.Contains(message, word[i:i+run]) {
					return true
				}
			}
		}
	}
	return false
}

func TestGoodPairs(t *testing.T) {
	good := issue(t)
	deep := issue(t, func(s *certtest.Spec) { s.Intermediate = 3 })
	rsaPair := issue(t, key(certtest.RSA2048))
	rsaKey, isRSA := rsaPair.Key.(*rsa.PrivateKey)
	ecKey, isECDSA := good.Key.(*ecdsa.PrivateKey)
	if !isRSA || !isECDSA {
		t.Fatalf("got keys of type %T and %T, want RSA and ECDSA", rsaPair.Key, good.Key)
	}
	sec1, err := x509.MarshalECPrivateKey(ecKey)
	if err != nil {
		t.Fatal(err)
	}
	indent := func(text string) string { return "    " + strings.ReplaceAll(text, "\n", "\n    ") }
	crlf := func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }
	alabel := issue(t, names("xn--bcher-kva.example.com"))
	caps := issue(t, names("Shop.CUSTOMER.com"))
	many := issue(t, names("a.example", "b.example", host))
	server := issue(t, func(s *certtest.Spec) {
		s.Usages = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
	})
	anyUse := issue(t, func(s *certtest.Spec) { s.Usages = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} })
	rooted := issue(t, func(s *certtest.Spec) { s.IncludeRoot = true })
	md5 := issue(t, func(s *certtest.Spec) { s.IncludeRoot, s.Key = true, certtest.RSA2048 })
	tests := map[string]struct{ certificate, key, hostname string }{
		"signed with MD5":           {md5.Blocks[0] + signedWithMD5(t, md5.Blocks[1]) + md5.Blocks[2], md5.PrivateKeyPEM, host},
		"a chain with its root":     {rooted.CertificatePEM, rooted.PrivateKeyPEM, host},
		"a byte order mark within":  {good.Blocks[0] + "\ufeff" + good.Blocks[1], good.PrivateKeyPEM, host},
		"other case in the names":   {caps.CertificatePEM, caps.PrivateKeyPEM, host},
		"leaf and intermediate":     {good.CertificatePEM, good.PrivateKeyPEM, host},
		"three intermediates":       {deep.CertificatePEM, deep.PrivateKeyPEM, host},
		"a chain that ends early":   {deep.Blocks[0] + deep.Blocks[1], deep.PrivateKeyPEM, host},
		"CRLF":                      {crlf(good.CertificatePEM), crlf(good.PrivateKeyPEM), host},
		"CR":                        {strings.ReplaceAll(good.CertificatePEM, "\n", "\r"), good.PrivateKeyPEM, host},
		"no last line end":          {strings.TrimSpace(good.CertificatePEM), strings.TrimSpace(good.PrivateKeyPEM), host},
		"a byte order mark":         {"\ufeff" + good.CertificatePEM, "\ufeff" + good.PrivateKeyPEM, host},
		"lines of dashes around":    {"--- shop -----\n" + good.Blocks[0] + "-----------\n" + good.Blocks[1], "--- key -----\n" + good.PrivateKeyPEM, host},
		"text around":               {"subject=x\n" + good.Blocks[0] + "issuer=y\n" + good.Blocks[1] + "end\n", "Bag Attributes\n" + good.PrivateKeyPEM, host},
		"indented by a heredoc":     {indent(good.CertificatePEM), indent(good.PrivateKeyPEM), host},
		"empty lines":               {"\n\n" + good.Blocks[0] + "\n\n" + good.Blocks[1] + "\n", good.PrivateKeyPEM, host},
		"RSA":                       {rsaPair.CertificatePEM, rsaPair.PrivateKeyPEM, host},
		"RSA as PKCS #1":            {rsaPair.CertificatePEM, pemBlock("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)), host},
		"ECDSA as SEC 1":            {good.CertificatePEM, pemBlock("EC PRIVATE KEY", sec1), host},
		"ECDSA with its parameters": {good.CertificatePEM, pemBlock("EC PARAMETERS", []byte{6, 1, 0}) + pemBlock("EC PRIVATE KEY", sec1), host},
		"P-384":                     pairOf(issue(t, key(certtest.ECDSAP384))),
		"P-521":                     pairOf(issue(t, key(certtest.ECDSAP521))),
		"one of several names":      {many.CertificatePEM, many.PrivateKeyPEM, host},
		"a wildcard":                {wild(t), wildKey(t), host},
		"a wildcard hostname":       {wild(t), wildKey(t), "*.customer.com"},
		"an A-label":                {alabel.CertificatePEM, alabel.PrivateKeyPEM, "xn--bcher-kva.example.com"},
		"other case and a dot":      {good.CertificatePEM, good.PrivateKeyPEM, "SHOP.customer.com."},
		"hostname not known":        {good.CertificatePEM, good.PrivateKeyPEM, ""},
		"server authentication":     {server.CertificatePEM, server.PrivateKeyPEM, host},
		"any usage":                 {anyUse.CertificatePEM, anyUse.PrivateKeyPEM, host},
		"called X509 CERTIFICATE":   {strings.ReplaceAll(good.CertificatePEM, " CERTIFICATE", " X509 CERTIFICATE"), good.PrivateKeyPEM, host},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			if found := check(test.certificate, test.key, Options{Hostname: test.hostname}); len(found) != 0 {
				t.Errorf("got %+v, want no problems", found)
			}
		})
	}
}

func pairOf(pair certtest.Pair) struct{ certificate, key, hostname string } {
	return struct{ certificate, key, hostname string }{pair.CertificatePEM, pair.PrivateKeyPEM, host}
}

func TestWarnings(t *testing.T) {
	now := time.Now()
	near := issue(t, func(s *certtest.Spec) {
		s.NotBefore, s.NotAfter = now.AddDate(0, 0, -60), now.Add(12*24*time.Hour+time.Hour)
	})
	self := issue(t, func(s *certtest.Spec) { s.SelfSigned = true })
	selfCA := issue(t, func(s *certtest.Spec) { s.SelfSigned, s.IsCA = true, true })
	last := issue(t, func(s *certtest.Spec) { s.NotAfter = now.Add(36 * time.Hour) })
	ending := issue(t, func(s *certtest.Spec) { s.NotAfter = now.Add(time.Hour) })
	for title, test := range map[string]struct {
		pair            certtest.Pair
		summary, detail string
	}{
		"12 days left":                   {near, summarySoon, "in 12 days"},
		"1 day left":                     {last, summarySoon, "in 1 day."},
		"an hour left":                   {ending, summarySoon, "in less than a day"},
		"self-signed":                    {self, summarySelfSigned, "browsers reject"},
		"self-signed as tools make them": {selfCA, summarySelfSigned, "browsers reject"},
	} {
		found := check(test.pair.CertificatePEM, test.pair.PrivateKeyPEM, Options{Hostname: host})
		if len(found) != 1 || !found[0].Warning || found[0].Summary != test.summary || !strings.Contains(found[0].Detail, test.detail) {
			t.Errorf("%s: got %+v, want one warning: %q, %q", title, found, test.summary, test.detail)
		}
	}
	found := check(selfCA.CertificatePEM, selfCA.PrivateKeyPEM, Options{Hostname: "www.customer.com"})
	if len(found) != 2 || found[0].Warning || !found[1].Warning {
		t.Errorf("got %+v, want an error, then a warning", found)
	}
	if found := check(near.CertificatePEM, near.PrivateKeyPEM, Options{Hostname: host, Now: near.Leaf.NotAfter.Add(-soon)}); len(found) != 0 {
		t.Errorf("30 days before the expiry date: got %+v, want no problems", found)
	}
}

// TestOutOfTime changes the current time instead of the dates in the certificates.
func TestOutOfTime(t *testing.T) {
	pair := issue(t)
	for title, test := range map[string]struct {
		now     time.Time
		summary string
	}{
		"expired":       {pair.Leaf.NotAfter.Add(time.Hour), summaryExpired},
		"not valid yet": {pair.Leaf.NotBefore.Add(-time.Hour), summaryNotYet},
	} {
		found := CheckCertificate(pair.CertificatePEM, Options{Hostname: host, Now: test.now})
		if len(found) != 1 || found[0].Warning || found[0].Summary != test.summary {
			t.Errorf("%s: got %+v, want %q", title, found, test.summary)
		}
	}
}

// TestErrors checks that the errors of the parsers are Problems, so that callers can use errors.As.
func TestErrors(t *testing.T) {
	_, ofCertificate := ParseCertificate("x")
	_, ofKey := ParsePrivateKey("x")
	_, ofDescribe := Describe("x")
	text, ofPEM := PrivateKeyPEM("x")
	if text != "" || ofPEM == nil || ofPEM.Error() != ofKey.Error() {
		t.Errorf("PrivateKeyPEM: got %q and error %v, want error %v", text, ofPEM, ofKey)
	}
	for part, err := range map[Part]error{PartCertificate: ofCertificate, PartPrivateKey: ofKey} {
		var problem *Problem
		if !errors.As(err, &problem) || problem.Part != part || problem.Error() != problem.Summary+": "+problem.Detail {
			t.Errorf("part %d: got %#v, want a Problem", part, err)
		}
	}
	if ofDescribe == nil || ofDescribe.Error() != ofCertificate.Error() {
		t.Errorf("Describe: got error %v, want %v", ofDescribe, ofCertificate)
	}
	pair := issue(t)
	signer, err := ParsePrivateKey(pair.PrivateKeyPEM)
	if err != nil || !equalKeys(signer.Public(), pair.Key.Public()) {
		t.Errorf("got another key than that of the PEM, error %v", err)
	}
}

func TestShow(t *testing.T) {
	for name, want := range map[string]string{
		"":                       `""`,
		"a\nb\x1b[0m":            `"a\nb\x1b[0m"`,
		`say "x"`:                `"say \"x\""`,
		"bücher\u202egpj":        `"bücher\u202egpj"`,
		"\xff":                   "\"\ufffd\"",
		strings.Repeat("a", 100): `"` + strings.Repeat("a", 100) + `"`,
		strings.Repeat("a", 101): `"` + strings.Repeat("a", 100) + `…"`,
		strings.Repeat("\a", 51): `"` + strings.Repeat(`\a`, 50) + `…"`,
	} {
		if got := show(name); got != want {
			t.Errorf("%q: got %s, want %s", name, got, want)
		}
	}
}

// TestMemo stores more values than a memo holds.
func TestMemo(t *testing.T) {
	var m memo[int, int]
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 3 * memoSize {
				if got := m.get(i, func() int { return -i }); got != -i {
					t.Errorf("get(%d): got %d, want %d", i, got, -i)
				}
			}
		})
	}
	all.Wait()
	if len(m.answers) > memoSize {
		t.Errorf("the memo holds %d values, want at most %d", len(m.answers), memoSize)
	}
	if got := m.get(3*memoSize-1, func() int { return 7 }); got == 7 {
		t.Error("the value was computed twice")
	}
}

// TestAnswersAreCopies checks that a caller that changes a result does not change the next one.
func TestAnswersAreCopies(t *testing.T) {
	pair := issue(t)
	for range 2 {
		chain, err := ParseCertificate(pair.CertificatePEM)
		if err != nil || len(chain.Certificates) != 2 || chain.Certificates[0] == nil {
			t.Fatalf("got %+v, error %v; want two certificates", chain, err)
		}
		clear(chain.Certificates)
		found := CheckPrivateKey("x")
		if len(found) != 1 || found[0].Warning {
			t.Fatalf("got %+v, want one problem", found)
		}
		found[0].Warning = true
	}
}

func TestSame(t *testing.T) {
	one, two := issue(t), issue(t)
	crlf := strings.ReplaceAll(one.CertificatePEM, "\n", "\r\n")
	for title, test := range map[string]struct {
		a, b string
		want bool
	}{
		"a text and itself":                {one.CertificatePEM, one.CertificatePEM, true},
		"LF and CRLF":                      {one.CertificatePEM, crlf, true},
		"text around and none":             {one.CertificatePEM, "x\n" + one.CertificatePEM + "\n\ny", true},
		"other line lengths":               {one.Blocks[0], reflow(one.Blocks[0]), true},
		"two certificates":                 {one.CertificatePEM, two.CertificatePEM, false},
		"a leaf and its chain":             {one.Blocks[0], one.CertificatePEM, false},
		"a chain in another order":         {one.CertificatePEM, one.Blocks[1] + one.Blocks[0], false},
		"two texts that are no PEM":        {"garbage one", "other garbage", false},
		"a text that is no PEM and itself": {"garbage", "garbage", false},
		"nothing and nothing":              {"", "", false},
		"no block and itself":              {"see -----BEGIN CERTIFICATE----- below", "see -----BEGIN CERTIFICATE----- below", false},
		"a key and itself":                 {one.PrivateKeyPEM, one.PrivateKeyPEM, false},
		"a certificate and nothing":        {one.CertificatePEM, "", false},
	} {
		if Same(test.a, test.b) != test.want || Same(test.b, test.a) != test.want {
			t.Errorf("%s: want %v in both directions", title, test.want)
		}
	}
}

// reflow breaks the lines of a PEM block after 76 characters instead of 64.
func reflow(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	body := strings.Join(lines[1:len(lines)-1], "")
	out := lines[0] + "\n"
	for len(body) > 76 {
		out, body = out+body[:76]+"\n", body[76:]
	}
	return out + body + "\n" + lines[len(lines)-1]
}

// TestKeyLabels checks that PrivateKeyPEM writes the label of a key's encoding, whatever label it was read with.
func TestKeyLabels(t *testing.T) {
	pair, rsaPair := issue(t), issue(t, key(certtest.RSA2048))
	ecKey, isECDSA := pair.Key.(*ecdsa.PrivateKey)
	rsaKey, isRSA := rsaPair.Key.(*rsa.PrivateKey)
	if !isECDSA || !isRSA {
		t.Fatalf("the keys are %T and %T", pair.Key, rsaPair.Key)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(ecKey)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(ecKey)
	if err != nil {
		t.Fatal(err)
	}
	encodings := map[string][]byte{"PRIVATE KEY": pkcs8, "RSA PRIVATE KEY": x509.MarshalPKCS1PrivateKey(rsaKey), "EC PRIVATE KEY": sec1}
	for label, der := range encodings {
		for written := range encodings {
			if got, err := PrivateKeyPEM(pemBlock(written, der)); err != nil || got != pemBlock(label, der) {
				t.Errorf("%s, written as %s: got error %v or another label", label, written, err)
			}
		}
	}
}

func TestDescribe(t *testing.T) {
	pair := issue(t, names(host, "www.customer.com"), key(certtest.RSA2048))
	got, err := Describe(pair.CertificatePEM)
	if err != nil {
		t.Fatal(err)
	}
	if got.Subject != "CN="+host || got.Issuer != "CN=Test Authority 1" || !slices.Equal(got.DNSNames, []string{host, "www.customer.com"}) ||
		got.NotBefore != pair.Leaf.NotBefore.UTC() || got.NotAfter != pair.Leaf.NotAfter.UTC() || got.SerialNumber != fmt.Sprintf("%x", pair.Leaf.SerialNumber.Bytes()) || len(got.FingerprintSHA256) != 64 ||
		got.KeyAlgorithm != "RSA-2048" || got.IsCA || got.ChainLength != 2 {
		t.Errorf("got %+v, want the values of the certificate", got)
	}
	constrained := issuedBy(t, issue(t, authorityOf), &x509.Certificate{BasicConstraintsValid: true})
	if leaf, err := Describe(constrained.CertificatePEM); err != nil || leaf.IsCA {
		t.Errorf("leaf with basic constraints: got %+v, error %v; want no IsCA", leaf, err)
	}
	if ca, err := Describe(issue(t, authorityOf).CertificatePEM); err != nil || !ca.IsCA {
		t.Errorf("CA certificate: got %+v, error %v; want IsCA", ca, err)
	}
	if _, err := Describe("x"); err == nil {
		t.Error("Describe accepted text that is not a certificate")
	}
}

// fuzzSeeds are valid and invalid texts of certificates and keys.
func fuzzSeeds(f *testing.F) []string {
	pair := issue(f)
	return []string{
		"", "x", pair.CertificatePEM, pair.PrivateKeyPEM, pair.CertificatePEM + pair.PrivateKeyPEM, pair.PrivateKeyPEM + pair.PrivateKeyPEM,
		pair.Blocks[1] + pair.Blocks[0], pair.Blocks[0] + pair.Blocks[0],
		"subject=x\n" + strings.ReplaceAll("\ufeff"+pair.CertificatePEM, "\n", "\r\n  "),
		strings.ReplaceAll(pair.CertificatePEM, "\n", `\n`), strings.ReplaceAll(pair.PrivateKeyPEM, "\n", ""),
		strings.ReplaceAll(pair.PrivateKeyPEM, "PRIVATE KEY", "CERTIFICATE"), strings.ReplaceAll(pair.CertificatePEM, "CERTIFICATE", "PRIVATE KEY"),
		pair.PrivateKeyPEM[:len(pair.PrivateKeyPEM)/2],
		"-----BEGIN X-----", "-----END X-----", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
		"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----",
		pemBlock("CERTIFICATE REQUEST", []byte{1}), pemBlock("EC PARAMETERS", []byte{1}) + pemBlock("EC PRIVATE KEY", []byte{0x30, 0}),
	}
}

// FuzzParse passes the same text to both parsers and to all rules, as a certificate and as a key.
func FuzzParse(f *testing.F) {
	for _, seed := range fuzzSeeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		chain, err := ParseCertificate(text)
		signer, keyErr := ParsePrivateKey(text)
		info, infoErr := Describe(text)
		found := slices.Concat(CheckCertificate(text, Options{Hostname: host, Now: time.Now()}), CheckPrivateKey(text), CheckPair(text, text))
		switch {
		case err == nil && keyErr == nil:
			t.Error("the text was accepted both as a certificate and as a key")
		case (err == nil) != (infoErr == nil) || err == nil && info.ChainLength != len(chain.Certificates):
			t.Errorf("parsing returned error %v, Describe returned %v: %+v", err, infoErr, info)
		case err == nil && (!Same(text, text) || !Same(text, chain.PEM())):
			t.Error("a certificate differs from itself, or from its canonical PEM")
		case keyErr == nil && keyFault(signer.Public()) != "":
			t.Error("a key that ESA does not support was accepted")
		}
		for _, problem := range found {
			if len(problem.Detail) > 2000 || strings.ContainsFunc(problem.Detail, func(r rune) bool { return !strconv.IsPrint(r) }) {
				t.Errorf("the detail is too long or not printable: %.300q", problem.Detail)
			}
			if strings.Contains(text, "PRIVATE KEY-----") && leaks(problem.Detail, text) {
				t.Errorf("the detail contains part of a key: %s", problem.Detail)
			}
		}
	})
}

func FuzzSame(f *testing.F) {
	seeds := fuzzSeeds(f)
	for i, seed := range seeds {
		f.Add(seed, seed)
		f.Add(seed, seeds[(i+1)%len(seeds)])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		same := Same(a, b)
		if same != Same(b, a) {
			t.Error("Same(a, b) and Same(b, a) differ")
		}
		if same && (!Same(a, a) || !Same(b, b)) {
			t.Error("two texts are equal, but one of them differs from itself")
		}
		one, err := ParseCertificate(a)
		two, otherErr := ParseCertificate(b)
		if (err == nil && !Same(a, a)) || same && (err == nil) != (otherErr == nil) {
			t.Errorf("two texts are equal, but parsing returned %v for one and %v for the other", err, otherErr)
		}
		if err == nil && otherErr == nil && same != slices.EqualFunc(one.Certificates, two.Certificates, (*x509.Certificate).Equal) {
			t.Errorf("Same: got %v, but the parsed certificates compare differently", same)
		}
		if strings.Trim(a, " \r\n") == "" && same {
			t.Error("an empty text is equal to another text")
		}
	})
}

// BenchmarkCheck applies all rules to chains of three RSA-2048 certificates. One case repeats the same chain. The other has
// many hostnames, each with its own leaf and key under the same CAs, like a plan of 1,000.
func BenchmarkCheck(b *testing.B) {
	authority := issue(b, authorityOf, key(certtest.RSA2048))
	pair := issue(b, key(certtest.RSA2048))
	many := make([]certtest.Pair, 1000)
	for i := range many {
		many[i] = reissuedBy(b, authority, &x509.Certificate{}, pair)
		many[i].PrivateKeyPEM = fmt.Sprintf("%d\n%s", i, pair.PrivateKeyPEM)
	}
	run := func(name string, pairs []certtest.Pair) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				p := pairs[i%len(pairs)]
				if found := check(p.CertificatePEM, p.PrivateKeyPEM, Options{Hostname: host}); len(found) != 0 {
					b.Fatal(found)
				}
			}
		})
	}
	run("one", many[:1])
	run("many", many)
}
