package certcheck

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
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

func pemBlock(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// check applies every rule there is.
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
		"an empty certificate":                 {"", good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "is empty"},
		"a certificate of spaces":              {" \r\n\t", good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "is empty"},
		"a path for a certificate":             {"certs/shop.pem", good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "no PEM block"},
		"base64 without its frame":             {inner(good.Blocks[0]), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "no PEM block"},
		"a certificate as a \\n one-liner":     {literal(good.CertificatePEM), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "replace(value"},
		"a certificate that lost its lines":    {oneLine(good.CertificatePEM), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "line ends seem to be lost"},
		"a cut certificate":                    {cut(good.Blocks[0]), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "Block 1 of the certificate is cut"},
		"a cut intermediate":                   {cut(good.CertificatePEM), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "Block 2 of the certificate is cut"},
		"a cut leaf before an intermediate":    {cut(good.Blocks[0]) + "\n" + good.Blocks[1], good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "Block 1 of the certificate is cut"},
		"a frame that does not match":          {strings.Replace(good.Blocks[0], "END CERTIFICATE", "END OTHER", 1), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "is cut"},
		"a damaged certificate":                {strings.Replace(good.Blocks[0], "MII", "M*I", 1), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "is not base64"},
		"an empty block":                       {"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "it is empty"},
		"bytes that are no certificate":        {pemBlock("CERTIFICATE", []byte("no certificate")), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "no X.509 certificate"},
		"a private key for a certificate":      {good.PrivateKeyPEM, good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "Block 1 of the certificate is a private key"},
		"a private key after the certificate":  {good.CertificatePEM + good.PrivateKeyPEM, good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "Block 3 of the certificate is a private key"},
		"a request for a certificate":          {pemBlock("CERTIFICATE REQUEST", request), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "certificate request"},
		"a public key for a certificate":       {pemBlock("PUBLIC KEY", []byte{1}), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, `"PUBLIC KEY"`},
		"a PKCS #7 bundle":                     {pemBlock("PKCS7", []byte{1}), good.PrivateKeyPEM, "", PartCertificate, summaryCertificate, "openssl pkcs7"},
		"the intermediate first":               {good.Blocks[1] + good.Blocks[0], good.PrivateKeyPEM, host, PartCertificate, summaryOrder, "Put the leaf first"},
		"a chain in reverse":                   {deep.Blocks[2] + deep.Blocks[1] + deep.Blocks[0], deep.PrivateKeyPEM, host, PartCertificate, summaryOrder, "Certificate 2"},
		"two intermediates in the wrong order": {deep.Blocks[0] + deep.Blocks[2] + deep.Blocks[1], deep.PrivateKeyPEM, host, PartCertificate, summaryOrder, "did not sign certificate 1"},
		"an intermediate left out":             {deep.Blocks[0] + deep.Blocks[2], deep.PrivateKeyPEM, host, PartCertificate, summaryOrder, "did not sign certificate 1"},
		"another authority's intermediate":     {good.Blocks[0] + other.Blocks[1], good.PrivateKeyPEM, host, PartCertificate, summaryOrder, "did not sign certificate 1"},
		"two leaves":                           {good.Blocks[0] + other.Blocks[0], good.PrivateKeyPEM, host, PartCertificate, summaryOrder, "did not sign certificate 1"},
		"the leaf twice":                       {good.Blocks[0] + good.Blocks[0], good.PrivateKeyPEM, host, PartCertificate, summaryOrder, "the same as certificate 1"},
		"another hostname":                     {good.CertificatePEM, good.PrivateKeyPEM, "www.customer.com", PartCertificate, summaryName, `covers "shop.customer.com", but not "www.customer.com"`},
		"a hostname one label deeper":          {good.CertificatePEM, good.PrivateKeyPEM, "a." + host, PartCertificate, summaryName, "but not"},
		"a wildcard for two labels":            {wild(t), wildKey(t), "a.b.customer.com", PartCertificate, summaryName, "but not"},
		"a wildcard for its zone":              {wild(t), wildKey(t), "customer.com", PartCertificate, summaryName, "but not"},
		"a wildcard hostname":                  {good.CertificatePEM, good.PrivateKeyPEM, "*.customer.com", PartCertificate, summaryName, "but not"},
		"a common name alone":                  {bare.CertificatePEM, bare.PrivateKeyPEM, host, PartCertificate, summaryName, "no subject alternative names"},
		"a hostile name":                       {hostile.CertificatePEM, hostile.PrivateKeyPEM, host, PartCertificate, summaryName, `\x1b`},
		"expired":                              {expired.CertificatePEM, expired.PrivateKeyPEM, host, PartCertificate, summaryExpired, "expired on " + time.Now().Add(-49*time.Hour).UTC().Format("2 Jan 2006")},
		"not valid yet":                        {early.CertificatePEM, early.PrivateKeyPEM, host, PartCertificate, summaryNotYet, "not valid before " + time.Now().Add(49*time.Hour).UTC().Format("2 Jan 2006")},
		"an authority's certificate":           {authority.CertificatePEM, authority.PrivateKeyPEM, host, PartCertificate, summaryCertificate, "authority"},
		"a client's certificate":               {client.CertificatePEM, client.PrivateKeyPEM, host, PartCertificate, summaryCertificate, "server authentication"},

		"an empty key":                   {good.CertificatePEM, "", host, PartPrivateKey, summaryKey, "is empty"},
		"a path for a key":               {good.CertificatePEM, "key.pem", host, PartPrivateKey, summaryKey, "no PEM block"},
		"a key as a \\n one-liner":       {good.CertificatePEM, literal(good.PrivateKeyPEM), host, PartPrivateKey, summaryKey, "replace(value"},
		"a key that lost its lines":      {good.CertificatePEM, oneLine(good.PrivateKeyPEM), host, PartPrivateKey, summaryKey, "line ends seem to be lost"},
		"a cut key":                      {good.CertificatePEM, cut(good.PrivateKeyPEM), host, PartPrivateKey, summaryKey, "is cut"},
		"a damaged key":                  {good.CertificatePEM, pemBlock("PRIVATE KEY", []byte("no key")), host, PartPrivateKey, summaryKey, "cannot be read"},
		"a certificate for a key":        {good.CertificatePEM, good.CertificatePEM, host, PartPrivateKey, summaryKey, "Block 1 of the private key is a certificate"},
		"a certificate after the key":    {good.CertificatePEM, good.PrivateKeyPEM + good.CertificatePEM, host, PartPrivateKey, summaryKey, "Block 2 of the private key is a certificate"},
		"two keys":                       {good.CertificatePEM, good.PrivateKeyPEM + other.PrivateKeyPEM, host, PartPrivateKey, summaryKey, "second key"},
		"a key encrypted as PKCS #8":     {good.CertificatePEM, pemBlock("ENCRYPTED PRIVATE KEY", []byte{1}), host, PartPrivateKey, summaryKey, "openssl pkey"},
		"a key encrypted by its headers": {good.CertificatePEM, dek, host, PartPrivateKey, summaryKey, "openssl pkey"},
		"an OpenSSH key":                 {good.CertificatePEM, pemBlock("OPENSSH PRIVATE KEY", []byte{1}), host, PartPrivateKey, summaryKey, "ssh-keygen"},
		"a public key for a key":         {good.CertificatePEM, pemBlock("PUBLIC KEY", []byte{1}), host, PartPrivateKey, summaryKey, `"PUBLIC KEY"`},
		"curve parameters alone":         {good.CertificatePEM, pemBlock("EC PARAMETERS", []byte{1}), host, PartPrivateKey, summaryKey, "holds no key"},
		"another certificate's key":      {good.CertificatePEM, other.PrivateKeyPEM, host, PartPrivateKey, summaryPair, "does not belong to the certificate"},
		"a key of another kind":          {good.CertificatePEM, issue(t, key(certtest.RSA2048)).PrivateKeyPEM, host, PartPrivateKey, summaryPair, "(RSA-2048) does not belong"},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			found := check(test.certificate, test.key, Options{Hostname: test.hostname})
			if len(found) != 1 {
				t.Fatalf("%d problems, want 1: %+v", len(found), found)
			}
			got := found[0]
			if got.Part != test.part || got.Summary != test.summary || got.Warning || !strings.Contains(got.Detail, test.detail) {
				t.Errorf("got %+v", got)
			}
			if strings.ContainsFunc(got.Detail, func(r rune) bool { return r < ' ' }) || len(got.Detail) > 800 {
				t.Errorf("the detail is not fit for a terminal: %q", got.Detail)
			}
			if leaks(got.Detail, test.key) || leaks(got.Detail, test.certificate) {
				t.Errorf("the detail repeats its input: %s", got.Detail)
			}
		})
	}
	// A weak key is a fault of both.
	for title, pair := range map[string]certtest.Pair{"RSA-1024": short, "ECDSA-P224": curve, "Ed25519": edwards} {
		found := check(pair.CertificatePEM, pair.PrivateKeyPEM, Options{Hostname: host})
		if len(found) != 2 || !strings.Contains(found[0].Detail, title) || !strings.Contains(found[1].Detail, title) || found[0].Part == found[1].Part {
			t.Errorf("%s: got %+v", title, found)
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

// leaks tells whether a message has a piece of a PEM's body.
func leaks(message, input string) bool {
	const run = 12
	for line := range strings.Lines(input) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "-----") || strings.Contains(line, ":") {
			continue
		}
		for i := 0; i+run <= len(line); i++ {
			if strings.Contains(message, line[i:i+run]) {
				return true
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
		t.Fatalf("the keys are %T and %T", rsaPair.Key, good.Key)
	}
	sec1, err := x509.MarshalECPrivateKey(ecKey)
	if err != nil {
		t.Fatal(err)
	}
	indent := func(text string) string { return "    " + strings.ReplaceAll(text, "\n", "\n    ") }
	crlf := func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }
	alabel := issue(t, names("xn--bcher-kva.example.com"))
	many := issue(t, names("a.example", "b.example", host))
	server := issue(t, func(s *certtest.Spec) {
		s.Usages = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}
	})
	anyUse := issue(t, func(s *certtest.Spec) { s.Usages = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} })
	tests := map[string]struct{ certificate, key, hostname string }{
		"leaf and intermediate":     {good.CertificatePEM, good.PrivateKeyPEM, host},
		"leaf alone":                {good.Blocks[0], good.PrivateKeyPEM, host},
		"three intermediates":       {deep.CertificatePEM, deep.PrivateKeyPEM, host},
		"a chain that ends early":   {deep.Blocks[0] + deep.Blocks[1], deep.PrivateKeyPEM, host},
		"CRLF":                      {crlf(good.CertificatePEM), crlf(good.PrivateKeyPEM), host},
		"CR":                        {strings.ReplaceAll(good.CertificatePEM, "\n", "\r"), good.PrivateKeyPEM, host},
		"no last line end":          {strings.TrimSpace(good.CertificatePEM), strings.TrimSpace(good.PrivateKeyPEM), host},
		"a byte order mark":         {"\ufeff" + good.CertificatePEM, "\ufeff" + good.PrivateKeyPEM, host},
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
				t.Errorf("got %+v", found)
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
	for title, test := range map[string]struct {
		pair            certtest.Pair
		summary, detail string
	}{
		"12 days left":                   {near, summarySoon, "in 12 days"},
		"self-signed":                    {self, summarySelfSigned, "browsers refuse"},
		"self-signed as tools make them": {selfCA, summarySelfSigned, "browsers refuse"},
	} {
		found := check(test.pair.CertificatePEM, test.pair.PrivateKeyPEM, Options{Hostname: host})
		if len(found) != 1 || !found[0].Warning || found[0].Summary != test.summary || !strings.Contains(found[0].Detail, test.detail) {
			t.Errorf("%s: got %+v", title, found)
		}
	}
	found := check(selfCA.CertificatePEM, selfCA.PrivateKeyPEM, Options{Hostname: "www.customer.com"})
	if len(found) != 2 || found[0].Warning || !found[1].Warning {
		t.Errorf("errors do not come first: %+v", found)
	}
	if found := check(near.CertificatePEM, near.PrivateKeyPEM, Options{Hostname: host, Now: near.Leaf.NotAfter.Add(-soon)}); len(found) != 0 {
		t.Errorf("30 days before the end: %+v", found)
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
		"a key and itself":                 {one.PrivateKeyPEM, one.PrivateKeyPEM, false},
		"a certificate and nothing":        {one.CertificatePEM, "", false},
	} {
		if Same(test.a, test.b) != test.want || Same(test.b, test.a) != test.want {
			t.Errorf("%s: want %v", title, test.want)
		}
	}
}

// reflow breaks the lines of a block at 76 instead of 64 characters.
func reflow(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	body := strings.Join(lines[1:len(lines)-1], "")
	out := lines[0] + "\n"
	for len(body) > 76 {
		out, body = out+body[:76]+"\n", body[76:]
	}
	return out + body + "\n" + lines[len(lines)-1]
}

func TestDescribe(t *testing.T) {
	pair := issue(t, names(host, "www.customer.com"), key(certtest.RSA2048))
	got, err := Describe(pair.CertificatePEM)
	if err != nil {
		t.Fatal(err)
	}
	if got.Subject != "CN="+host || got.Issuer != "CN=Test Authority 1" || !slices.Equal(got.DNSNames, []string{host, "www.customer.com"}) ||
		!got.NotAfter.Equal(pair.Leaf.NotAfter) || got.SerialNumber != fmt.Sprintf("%x", pair.Leaf.SerialNumber.Bytes()) || len(got.FingerprintSHA256) != 64 ||
		got.KeyAlgorithm != "RSA-2048" || got.IsCA || got.ChainLength != 2 {
		t.Errorf("got %+v", got)
	}
	if _, err := Describe("x"); err == nil {
		t.Error("garbage was described")
	}
}

func FuzzParse(f *testing.F) {
	pair := issue(f)
	for _, seed := range []string{
		pair.CertificatePEM, pair.PrivateKeyPEM, pair.CertificatePEM + pair.PrivateKeyPEM, "", "-----BEGIN X-----", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
		strings.ReplaceAll(pair.CertificatePEM, "\n", `\n`), "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found := slices.Concat(CheckCertificate(text, Options{Hostname: host, Now: time.Now()}), CheckPrivateKey(text), CheckPair(text, text))
		for _, problem := range found {
			if len(problem.Detail) > 2000 || strings.ContainsFunc(problem.Detail, func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Errorf("not fit for a terminal: %.300q", problem.Detail)
			}
			if strings.Contains(text, "PRIVATE KEY-----\nMI") && leaks(problem.Detail, pair.PrivateKeyPEM) {
				t.Errorf("a key is shown: %s", problem.Detail)
			}
		}
		if _, err := ParseCertificate(text); err == nil && !Same(text, text) {
			t.Error("a certificate is not the same as itself")
		}
		if Same(text, pair.CertificatePEM) != Same(pair.CertificatePEM, text) {
			t.Error("Same is not symmetric")
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	pair := issue(b, key(certtest.RSA2048), func(s *certtest.Spec) { s.Intermediate = 2 })
	b.ReportAllocs()
	for b.Loop() {
		if found := check(pair.CertificatePEM, pair.PrivateKeyPEM, Options{Hostname: host}); len(found) != 0 {
			b.Fatal(found)
		}
	}
}
