package provider

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"terraform-provider-esa/internal/certcheck/certtest"
	"terraform-provider-esa/internal/esa"
	"terraform-provider-esa/internal/fakeesa"
)

// pemBlock returns a PEM block of a type whose content is invalid.
func pemBlock(kind string) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte("x")}))
}

// badPair is a certificate and a key that ESA or browsers refuse, and the expected error.
type badPair struct {
	certificate, key string
	path, summary    string
	detail           string
}

// badPairs creates the pairs for each test, because stored ones would expire. All are for the hostname name.
func badPairs(t *testing.T) map[string]badPair {
	spec := certtest.Spec{DNSNames: []string{name}, Intermediate: 1}
	good, other := certtest.Issue(t, spec), certtest.Issue(t, spec)
	changed := func(change func(*certtest.Spec)) certtest.Pair {
		s := spec
		change(&s)
		return certtest.Issue(t, s)
	}
	cut := func(text string) string { return text[:strings.LastIndex(text, "-----END")] }
	literal := func(text string) string { return strings.ReplaceAll(text, "\n", `\n`) }
	flat := func(text string) string { return strings.ReplaceAll(text, "\n", "") }

	const certificate, key = "certificate", "private_key_wo"
	bad := map[string]badPair{
		"a path for the certificate":      {"shop.pem", good.PrivateKeyPEM, certificate, "Invalid certificate", "no PEM block"},
		"a \\n one-liner":                 {literal(good.CertificatePEM), good.PrivateKeyPEM, certificate, "Invalid certificate", "replace(value"},
		"a certificate without line ends": {flat(good.CertificatePEM), good.PrivateKeyPEM, certificate, "Invalid certificate", "newlines"},
		"a cut certificate":               {cut(good.CertificatePEM), good.PrivateKeyPEM, certificate, "Invalid certificate", "Block 2 of the certificate is truncated"},
		"no certificate in the block":     {pemBlock("CERTIFICATE"), good.PrivateKeyPEM, certificate, "Invalid certificate", "not a usable X.509"},
		"a key among the certificates":    {good.CertificatePEM + good.PrivateKeyPEM, good.PrivateKeyPEM, certificate, "Invalid certificate", "Block 3 of the certificate is a private key"},
		"a request":                       {pemBlock("CERTIFICATE REQUEST"), good.PrivateKeyPEM, certificate, "Invalid certificate", "request"},
		"the intermediate first":          {good.Blocks[1] + good.Blocks[0], good.PrivateKeyPEM, certificate, "Certificate chain out of order", "Put the leaf first"},
		"a foreign intermediate":          {good.Blocks[0] + other.Blocks[1], good.PrivateKeyPEM, certificate, "Certificate chain out of order", "did not sign"},

		"an empty key":              {good.CertificatePEM, "", key, "Invalid private key", "is empty"},
		"a path for the key":        {good.CertificatePEM, "shop.key", key, "Invalid private key", "no PEM block"},
		"a cut key":                 {good.CertificatePEM, cut(good.PrivateKeyPEM), key, "Invalid private key", "is truncated"},
		"a \\n one-liner for a key": {good.CertificatePEM, literal(good.PrivateKeyPEM), key, "Invalid private key", "replace(value"},
		"a certificate for the key": {good.CertificatePEM, good.CertificatePEM, key, "Invalid private key", "is a certificate"},
		"two keys":                  {good.CertificatePEM, good.PrivateKeyPEM + other.PrivateKeyPEM, key, "Invalid private key", "second key"},
		"an encrypted key":          {good.CertificatePEM, pemBlock("ENCRYPTED PRIVATE KEY"), key, "Invalid private key", "openssl pkey"},
		"an old encrypted key":      {good.CertificatePEM, strings.Replace(good.PrivateKeyPEM, "\n", "\nProc-Type: 4,ENCRYPTED\n\n", 1), key, "Invalid private key", "openssl pkey"},
		"an OpenSSH key":            {good.CertificatePEM, pemBlock("OPENSSH PRIVATE KEY"), key, "Invalid private key", "ssh-keygen"},
		"a damaged key":             {good.CertificatePEM, pemBlock("PRIVATE KEY"), key, "Invalid private key", "cannot be parsed"},
		"another key":               {good.CertificatePEM, other.PrivateKeyPEM, key, "Private key does not match certificate", "does not belong"},
	}
	for title, row := range map[string]struct {
		change          func(*certtest.Spec)
		summary, detail string
	}{
		"expired":                {func(s *certtest.Spec) { s.NotAfter = time.Now().Add(-time.Minute) }, "Certificate expired", "expired on"},
		"not valid yet":          {func(s *certtest.Spec) { s.NotBefore = time.Now().Add(time.Hour) }, "Certificate not valid yet", "not valid before"},
		"another hostname":       {func(s *certtest.Spec) { s.DNSNames = []string{"www.customer.com"} }, "Certificate does not cover hostname", "but not"},
		"a wildcard too high":    {func(s *certtest.Spec) { s.DNSNames = []string{"*.com"} }, "Certificate does not cover hostname", "but not"},
		"a common name alone":    {func(s *certtest.Spec) { s.DNSNames, s.CommonName = nil, name }, "Certificate does not cover hostname", "subject alternative names"},
		"an authority's":         {func(s *certtest.Spec) { s.IsCA = true }, "Invalid certificate", "is a CA certificate"},
		"for clients alone":      {func(s *certtest.Spec) { s.Usages = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, "Invalid certificate", "server authentication"},
		"for code signing alone": {func(s *certtest.Spec) { s.Usages = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning} }, "Invalid certificate", "server authentication"},
	} {
		pair := changed(row.change)
		bad[title] = badPair{pair.CertificatePEM, pair.PrivateKeyPEM, certificate, row.summary, row.detail}
	}
	return bad
}

func (b badPair) config() map[string]any {
	return map[string]any{"ssl_flag": "on", "cert_type": "upload", "certificate": b.certificate, "private_key_wo": b.key}
}

func TestBadCertificatesAreRefusedWhenPlanning(t *testing.T) {
	a := newAccount(t, fakeesa.Options{})
	s := newServer(t, a)
	for title, bad := range badPairs(t) {
		t.Run(title, func(t *testing.T) {
			errors := errorsIn(s.plan(t, valid(bad.config())))
			if len(errors) != 1 {
				t.Fatalf("got %d errors, want 1: %v", len(errors), shown(errors))
			}
			got := errors[0]
			if got.Attribute.String() != fmt.Sprintf("AttributeName(%q)", bad.path) || got.Summary != bad.summary || !strings.Contains(got.Detail, bad.detail) {
				t.Errorf("got %s, want %s at %s with %q", show(got), bad.summary, bad.path, bad.detail)
			}
			// An error about the key in private_key has the path of private_key.
			config := valid(bad.config())
			config["private_key"], config["private_key_wo"] = config["private_key_wo"], nil
			if errors := errorsIn(s.plan(t, config)); len(errors) != 1 || bad.path == "private_key_wo" && errors[0].Attribute.String() != `AttributeName("private_key")` {
				t.Errorf("with private_key: got %v, want one error there", shown(errors))
			}
		})
	}
	if n := len(a.Requests()); n != 0 {
		t.Errorf("got %d calls of ESA, want none", n)
	}
}

func TestWeakKeysAreRefusedWhenPlanning(t *testing.T) {
	s := newServer(t, newAccount(t, fakeesa.Options{}))
	for title, kind := range map[string]certtest.KeyKind{"RSA-1024": certtest.RSA1024, "ECDSA-P224": certtest.ECDSAP224, "Ed25519": certtest.Ed25519} {
		pair := certtest.Issue(t, certtest.Spec{DNSNames: []string{name}, Key: kind, Intermediate: 1})
		errors := errorsIn(s.plan(t, valid(badPair{certificate: pair.CertificatePEM, key: pair.PrivateKeyPEM}.config())))
		if len(errors) != 2 || errors[0].Summary != "Invalid certificate" || errors[1].Summary != "Invalid private key" || !strings.Contains(errors[0].Detail, title) {
			t.Errorf("%s: got %v, want one error each for certificate and key", title, shown(errors))
		}
	}
}

func TestGoodCertificatesPlan(t *testing.T) {
	spec := certtest.Spec{DNSNames: []string{name}, Intermediate: 2}
	good := certtest.Issue(t, spec)
	rsa := certtest.Issue(t, certtest.Spec{DNSNames: []string{"*.customer.com", "customer.com"}, Key: certtest.RSA2048, Intermediate: 1})
	near := certtest.Issue(t, certtest.Spec{DNSNames: []string{name}, NotAfter: time.Now().AddDate(0, 0, 10), Intermediate: 1})
	self := certtest.Issue(t, certtest.Spec{DNSNames: []string{name}, SelfSigned: true, IsCA: true})
	indented := "  " + strings.ReplaceAll(good.CertificatePEM, "\n", "\n  ")
	tests := map[string]struct {
		certificate, key any
		warning          string
	}{
		"a whole chain":                   {good.CertificatePEM, good.PrivateKeyPEM, ""},
		"a wildcard, RSA":                 {rsa.CertificatePEM, rsa.PrivateKeyPEM, ""},
		"CRLF":                            {strings.ReplaceAll(good.CertificatePEM, "\n", "\r\n"), good.PrivateKeyPEM, ""},
		"indented":                        {indented, good.PrivateKeyPEM, ""},
		"text around":                     {"subject: x\n" + good.CertificatePEM + "-- end", good.PrivateKeyPEM, ""},
		"a byte order mark":               {"\ufeff" + good.CertificatePEM, good.PrivateKeyPEM, ""},
		"a certificate that is not known": {unknown{}, good.PrivateKeyPEM, ""},
		"a key that is not known":         {good.CertificatePEM, unknown{}, ""},
		"ten days left":                   {near.CertificatePEM, near.PrivateKeyPEM, "Certificate expires soon"},
		"the leaf alone":                  {good.Blocks[0], good.PrivateKeyPEM, "Certificate chain incomplete"},
		"the leaf twice":                  {good.Blocks[0] + good.CertificatePEM, good.PrivateKeyPEM, "Certificate repeated"},
		"a stranger after the chain":      {good.CertificatePEM + rsa.Blocks[1], good.PrivateKeyPEM, "Certificate outside the chain"},
		"in the wrong order":              {good.Blocks[0] + good.Blocks[2] + good.Blocks[1], good.PrivateKeyPEM, "Certificate chain out of order"},
		"self-signed":                     {self.CertificatePEM, self.PrivateKeyPEM, "Certificate self-signed"},
	}
	s := newServer(t, newAccount(t, fakeesa.Options{}))
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			got := s.plan(t, valid(map[string]any{"ssl_flag": "on", "cert_type": "upload", "certificate": test.certificate, "private_key_wo": test.key}))
			if test.warning == "" {
				noProblems(t, got)
				return
			}
			if len(got) != 1 || got[0].Severity != tfprotov6.DiagnosticSeverityWarning || got[0].Summary != test.warning {
				t.Errorf("got %v, want the warning %q", shown(got), test.warning)
			}
		})
	}
}

// TestPrivateKeyInState checks that a plan warns about a key in state only if the CLI supports write-only arguments.
func TestPrivateKeyInState(t *testing.T) {
	s := newServer(t, newAccount(t, fakeesa.Options{}))
	pair := issue(t, name)
	for _, test := range []struct {
		argument string
		allowed  bool
		warned   bool
	}{{"private_key", true, true}, {"private_key", false, false}, {"private_key_wo", true, false}} {
		config := valid(map[string]any{"ssl_flag": "on", "cert_type": "upload", "certificate": pair.CertificatePEM, test.argument: pair.PrivateKeyPEM})
		resp, err := s.ValidateResourceConfig(t.Context(), &tfprotov6.ValidateResourceConfigRequest{
			TypeName: "esa_custom_hostname", Config: dynamic(t, s.schema.ResourceSchemas["esa_custom_hostname"], config),
			ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: test.allowed},
		})
		if err != nil {
			t.Fatal(err)
		}
		got := resp.Diagnostics
		if !test.warned {
			noProblems(t, got)
			continue
		}
		if len(got) != 1 || got[0].Severity != tfprotov6.DiagnosticSeverityWarning || got[0].Attribute.String() != `AttributeName("private_key")` ||
			!strings.Contains(got[0].Detail, "private_key_wo") || strings.Contains(got[0].Detail, "BEGIN") {
			t.Errorf("got %v, want one warning about private_key", shown(got))
		}
	}
}

// TestAccBadCertificatesAreRefusedByPlan checks the errors of a plan by a real CLI.
func TestAccBadCertificatesAreRefusedByPlan(t *testing.T) {
	t.Parallel()
	a := newAccount(t, fakeesa.Options{})
	w := newWorkspace(t)
	w.write("main.tf", a.hcl(a.args(name, args{
		"ssl_flag": `"on"`, "cert_type": `"upload"`, "certificate": `file("certificate.pem")`, "private_key_wo": `file("key.pem")`,
	})))
	for title, bad := range badPairs(t) {
		t.Run(title, func(t *testing.T) {
			w.write("certificate.pem", bad.certificate)
			w.write("key.pem", bad.key)
			output, status := w.run("plan")
			if status != 1 || !strings.Contains(output, "Error: "+bad.summary) || !strings.Contains(output, bad.path) {
				t.Errorf("got status %d, want 1 and the error:\n%s", status, output)
			}
		})
	}
	if n := len(a.Requests()); n != 0 {
		t.Errorf("got %d calls of ESA, want none", n)
	}
}

// TestAccBadCertificatesThatWereUnknown checks certificates that are known only during apply. They must be refused before
// ESA is called.
func TestAccBadCertificatesThatWereUnknown(t *testing.T) {
	t.Parallel()
	good, other := issue(t, name), issue(t, name)
	foreign := issue(t, "www.customer.com")
	a := newAccount(t, fakeesa.Options{})
	for title, test := range map[string]struct {
		pair certtest.Pair
		key  string
		want string
	}{
		"another key":      {good, other.PrivateKeyPEM, "Private key does not match certificate"},
		"another hostname": {foreign, foreign.PrivateKeyPEM, "Certificate does not cover hostname"},
	} {
		t.Run(title, func(t *testing.T) {
			w := newWorkspace(t)
			w.write("main.tf", a.hcl(a.args(name, args{
				"ssl_flag": `"on"`, "cert_type": `"upload"`, "certificate": "terraform_data.later.output.certificate", "private_key_wo": "terraform_data.later.output.key",
			}), fmt.Sprintf("resource \"terraform_data\" \"later\" {\n  input = {\n    certificate = %q\n    key = %q\n  }\n}\n", test.pair.CertificatePEM, test.key)))
			w.mustRun("plan")
			output, status := w.run("apply", "-auto-approve")
			if status != 1 || !strings.Contains(output, test.want) {
				t.Errorf("got status %d, want 1 and the error:\n%s", status, output)
			}
		})
	}
	if n := len(a.Requests()); n != 0 {
		t.Errorf("got %d calls of ESA, want none", n)
	}
}

// TestAccExpiredCertificateThatIsDeployed checks that a deployed certificate that has expired does not fail a plan. If ESA
// does not accept a record alone, another record needs a certificate that ESA accepts.
func TestAccExpiredCertificateThatIsDeployed(t *testing.T) {
	t.Parallel()
	old := certtest.Issue(t, certtest.Spec{DNSNames: []string{name}, NotAfter: time.Now().Add(-time.Hour)})
	renewed := issue(t, name)
	a := newAccount(t, fakeesa.Options{}, "record-alone")
	made := a.AddHostname(fakeesa.Hostname{
		SiteID: a.site.ID, RecordID: a.record.ID, Hostname: name, SSLFlag: "on", CertType: "upload", Certificate: old.CertificatePEM, PrivateKey: old.PrivateKeyPEM,
	})
	imported := fmt.Sprintf("import {\n  to = %s\n  id = \"%d\"\n}\n", testResource, made.ID)
	a.test(t,
		resource.TestStep{Config: a.hcl(a.args(name, upload(old)), imported), ConfigPlanChecks: plan(plancheck.ExpectResourceAction(testResource, plancheck.ResourceActionNoop))},
		// Another argument can be changed.
		resource.TestStep{Config: a.hcl(a.args(name, upload(old), args{"record_id": fmt.Sprintf("%q", fmt.Sprint(a.record2.ID))})), ConfigPlanChecks: plan(inPlace())},
		// The certificate can be replaced.
		resource.TestStep{Config: a.hcl(a.args(name, upload(renewed))), ConfigPlanChecks: plan(inPlace())},
	)
}

// TestBadCertificateWhileOthersAreUnknown checks a certificate whose ssl_flag or cert_type is not known yet.
func TestBadCertificateWhileOthersAreUnknown(t *testing.T) {
	s := newServer(t, nil)
	for _, config := range []map[string]any{
		{"ssl_flag": unknown{}, "cert_type": "upload"}, {"ssl_flag": "on", "cert_type": unknown{}}, {"ssl_flag": unknown{}, "cert_type": unknown{}},
	} {
		config["certificate"] = "shop.pem"
		if problems := errorsIn(s.plan(t, valid(config))); len(problems) != 1 || problems[0].Summary != "Invalid certificate" {
			t.Errorf("%v: got %v, want an invalid certificate", config, shown(problems))
		}
	}
}

// TestKeyOfADeployedCertificate checks that only problems of a deployed certificate are warnings, not those of its key.
func TestKeyOfADeployedCertificate(t *testing.T) {
	a := newAccount(t, fakeesa.Options{})
	old, other := certtest.Issue(t, certtest.Spec{DNSNames: []string{name}, NotAfter: time.Now().Add(-time.Hour)}), issue(t, name)
	made := a.AddHostname(fakeesa.Hostname{
		SiteID: a.site.ID, RecordID: a.record.ID, Hostname: name, SSLFlag: "on", CertType: "upload", Certificate: old.CertificatePEM, PrivateKey: old.PrivateKeyPEM,
	})
	c := newQuietRun(t, a, map[string]any{"ssl_flag": "on", "cert_type": "upload", "certificate": old.CertificatePEM, "private_key_wo": old.PrivateKeyPEM})
	if problems := c.imports(fmt.Sprint(made.ID)); problems != nil {
		t.Fatal(problems)
	}
	if problems := errorsIn(c.applyOne(0)); len(problems) != 0 {
		t.Errorf("got %v, want warnings alone for the expired certificate", shown(problems))
	}
	for title, key := range map[string]string{"of another certificate": other.PrivateKeyPEM, "no PEM": "garbage"} {
		c.configs[0]["private_key_wo"] = key
		if problems := errorsIn(c.applyOne(0)); len(problems) == 0 || !strings.Contains(show(problems[0]), "private_key_wo") {
			t.Errorf("a key that is %s: got %v, want an error", title, shown(problems))
		}
	}
}

// TestCasRegionIsKept removes a cas_region that is not the default one. No certificate may be sent.
func TestCasRegionIsKept(t *testing.T) {
	a := newAccount(t, fakeesa.Options{AccountRegion: "ap-southeast-1"})
	c := newQuietRun(t, a, map[string]any{"ssl_flag": "on", "cert_type": "cas", "cas_id": casID, "cas_region": "ap-southeast-1"})
	if problems := c.applyOne(0); len(problems) != 0 {
		t.Fatalf("got %v, want a hostname", shown(problems))
	}
	delete(c.configs[0], "cas_region")
	a.ResetRequests()
	if problems := c.applyOne(0); len(problems) != 0 || len(a.writes()) != 0 {
		t.Errorf("got %v and writes %v, want no changes", shown(problems), a.writes())
	}
}

func errorsIn(problems []*tfprotov6.Diagnostic) []*tfprotov6.Diagnostic {
	return slices.DeleteFunc(problems, func(p *tfprotov6.Diagnostic) bool { return p.Severity != tfprotov6.DiagnosticSeverityError })
}

// BenchmarkPlan compares plans of an uploaded RSA-2048 chain of three certificates with plans of a free certificate.
func BenchmarkPlan(b *testing.B) {
	pair := certtest.Issue(b, certtest.Spec{DNSNames: []string{name}, Intermediate: 2, Key: certtest.RSA2048})
	s := newServer(b, nil)
	for kind, config := range map[string]map[string]any{
		"free":   {"ssl_flag": "on", "cert_type": "free"},
		"upload": badPair{certificate: pair.CertificatePEM, key: pair.PrivateKeyPEM}.config(),
	} {
		b.Run(kind, func(b *testing.B) {
			for b.Loop() {
				if problems := s.plan(b, valid(maps.Clone(config))); len(problems) != 0 {
					b.Fatal(shown(problems))
				}
			}
		})
	}
}

// TestAccOddPEMs checks PEMs in unusual formats. ESA must get the canonical PEM, state must keep the PEM as written, and the
// next plan must be empty. The fake refuses the unusual formats.
func TestAccOddPEMs(t *testing.T) {
	t.Parallel()
	pair := certtest.Issue(t, certtest.Spec{DNSNames: []string{"*.customer.com"}, Intermediate: 1})
	rsaPair := certtest.Issue(t, certtest.Spec{DNSNames: []string{"*.customer.com"}, Intermediate: 1, Key: certtest.RSA2048})
	rsaKey, isRSA := rsaPair.Key.(*rsa.PrivateKey)
	ecKey, isECDSA := pair.Key.(*ecdsa.PrivateKey)
	if !isRSA || !isECDSA {
		t.Fatalf("got keys of type %T and %T, want RSA and ECDSA", rsaPair.Key, pair.Key)
	}
	pkcs1 := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey)}))
	der, err := x509.MarshalECPrivateKey(ecKey)
	if err != nil {
		t.Fatal(err)
	}
	sec1 := string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))

	type form struct{ certificate, key, sentCertificate, sentKey string }
	both := func(change func(string) string) form {
		return form{change(pair.CertificatePEM), change(pair.PrivateKeyPEM), pair.CertificatePEM, pair.PrivateKeyPEM}
	}
	lines := func(end string) func(string) string {
		return func(text string) string { return strings.ReplaceAll(text, "\n", end) }
	}
	replace := func(old, now string) func(string) string {
		return func(text string) string { return strings.ReplaceAll(text, old, now) }
	}
	forms := map[string]form{
		"canonical":          {pair.CertificatePEM, pair.PrivateKeyPEM, pair.CertificatePEM, pair.PrivateKeyPEM},
		"pkcs-1":             {rsaPair.CertificatePEM, pkcs1, rsaPair.CertificatePEM, pkcs1},
		"sec-1":              {pair.CertificatePEM, sec1, pair.CertificatePEM, sec1},
		"curve-parameters":   {pair.CertificatePEM, "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + sec1, pair.CertificatePEM, sec1},
		"pkcs-8-called-rsa":  {rsaPair.CertificatePEM, replace("PRIVATE", "RSA PRIVATE")(rsaPair.PrivateKeyPEM), rsaPair.CertificatePEM, rsaPair.PrivateKeyPEM},
		"indented":           both(func(text string) string { return "    " + lines("\n    ")(text) }),
		"cr":                 both(lines("\r")),
		"crlf":               both(lines("\r\n")),
		"spaces-at-line-end": both(lines(" \n")),
		"no-last-line-end":   both(strings.TrimSpace),
		"bom":                both(func(text string) string { return "\ufeff" + text }),
		"bom-within":         both(replace("-----BEGIN", "\ufeff-----BEGIN")),
		"text-around":        both(func(text string) string { return "Bag Attributes\n    friendlyName: x\n" + text + "\nend" }),
		"empty-lines":        both(replace("-----BEGIN", "\n\n-----BEGIN")),
		"headers":            both(replace("BEGIN CERTIFICATE-----\n", "BEGIN CERTIFICATE-----\nComment: x\n\n")),
		"short-lines":        both(replace("MI", "\nMI")),
		"x509-certificate":   both(replace(" CERTIFICATE", " X509 CERTIFICATE")),
	}
	a := newAccount(t, fakeesa.Options{})
	config := func(version int, choose func(form) (certificate, key string)) string {
		var b strings.Builder
		b.WriteString(a.provider())
		for title, f := range forms {
			certificate, key := choose(f)
			fmt.Fprintf(&b, "resource \"esa_custom_hostname\" %q {\n  site_id = \"%d\"\n  record_id = \"%d\"\n  hostname = \"%s.customer.com\"\n  ssl_flag = \"on\"\n  cert_type = \"upload\"\n"+
				"  certificate = %q\n  private_key_wo = %q\n  private_key_wo_version = %d\n}\n", title, a.site.ID, a.record.ID, title, certificate, key, version)
		}
		return b.String()
	}
	odd := func(f form) (string, string) { return f.certificate, f.key }
	canonical := func(f form) (string, string) { return f.sentCertificate, f.sentKey }
	sent := func(action string) resource.TestCheckFunc {
		return check(func() error {
			taken := slices.DeleteFunc(a.RequestsOf(action), func(r fakeesa.Request) bool { return r.Code != "" })
			if got := len(taken); got != len(forms) {
				return fmt.Errorf("got %d calls of %s, want %d", got, action, len(forms))
			}
			for _, made := range a.Hostnames() {
				title := strings.TrimSuffix(made.Hostname, ".customer.com")
				if made.Certificate != forms[title].sentCertificate || made.PrivateKey != forms[title].sentKey {
					return fmt.Errorf("%s: ESA got the certificate %q, or another key", title, made.Certificate)
				}
			}
			return nil
		})
	}
	var kept []statecheck.StateCheck
	for title, f := range forms {
		kept = append(kept, statecheck.ExpectKnownValue("esa_custom_hostname."+title, attribute("certificate"), knownvalue.StringExact(f.certificate)))
	}
	a.test(t,
		resource.TestStep{Config: config(1, odd), Check: sent("CreateCustomHostname"), ConfigStateChecks: kept},
		resource.TestStep{Config: config(1, odd), ConfigPlanChecks: plan(plancheck.ExpectEmptyPlan())},
		resource.TestStep{Config: config(2, odd), Check: sent("UpdateCustomHostname"), ConfigStateChecks: kept},
		// A certificate that an earlier release sent as written is not a change.
		resource.TestStep{
			PreConfig: func() {
				for _, made := range a.Hostnames() {
					a.ChangeHostname(made.ID, func(h *fakeesa.Hostname) {
						h.Certificate, h.UpdateTime = forms[strings.TrimSuffix(h.Hostname, ".customer.com")].certificate, h.UpdateTime.Add(time.Minute)
					})
				}
			},
			Config: config(2, odd), ConfigPlanChecks: plan(plancheck.ExpectEmptyPlan()), ConfigStateChecks: kept,
		},
		// Neither is the canonical format of the applied certificate.
		resource.TestStep{Config: config(2, canonical), ConfigPlanChecks: plan(plancheck.ExpectEmptyPlan()), ConfigStateChecks: kept},
	)
}

// TestUnreadablePEMsAreNeverSent checks that an invalid PEM is refused before it is sent, even if no check ran before.
func TestUnreadablePEMsAreNeverSent(t *testing.T) {
	pair := issue(t, name)
	for title, test := range map[string]struct {
		model customHostnameModel
		key   string
		path  string
	}{
		"certificate":    {customHostnameModel{Certificate: newPEM("x")}, pair.PrivateKeyPEM, "certificate"},
		"private_key_wo": {customHostnameModel{Certificate: newPEM(pair.CertificatePEM)}, "x", "private_key_wo"},
		"private_key":    {customHostnameModel{Certificate: newPEM(pair.CertificatePEM), PrivateKey: types.StringValue("x")}, "x", "private_key"},
	} {
		var diags diag.Diagnostics
		certificate, key := test.model.toPEM(esa.Secret(test.key), &diags)
		if certificate != "" || key != "" || len(diags) != 1 || !diags.Contains(diag.NewAttributeErrorDiagnostic(path.Root(test.path), diags[0].Summary(), diags[0].Detail())) {
			t.Errorf("%s: got %q, diagnostics %v; want one error at its argument", title, certificate, diags)
		}
		// An error that has been reported is not reported again.
		test.model.toPEM(esa.Secret(test.key), &diags)
		if len(diags) != 1 {
			t.Errorf("%s, second time: got %v, want no further error", title, diags)
		}
	}
}
