package fakeesa

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"time"
)

type testPair struct{ certificate, key string }

// newPair returns a self-signed certificate, because the fake does not check chains.
func newPair(t *testing.T, notAfter time.Time) testPair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "shop.customer.com"},
		NotBefore: notAfter.AddDate(-2, 0, 0), NotAfter: notAfter, DNSNames: []string{"shop.customer.com"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return testPair{
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})),
	}
}

var brokenCertificate = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("no certificate")}))

const day = 24 * time.Hour

func (w *world) verify(id int64) reply {
	w.t.Helper()
	return w.call("VerifyCustomHostname", "HostnameId", id)
}

// activate publishes the TXT record of a hostname and verifies it.
func (w *world) activate(h Hostname) {
	w.t.Helper()
	w.PublishTXT(h.VerifyHost, h.VerifyCode)
	if got := w.verify(h.ID); got.at("Passed") != "true" {
		w.t.Fatalf("got %s, want that the verification passes", got.raw)
	}
}

func (w *world) publishDCV(id int64) {
	w.t.Helper()
	h := w.hostname(id)
	if h.CertTxtKey == "" {
		w.t.Fatalf("got %+v, want a DCV record", h)
	}
	w.PublishTXT(h.CertTxtKey, h.CertTxtValue)
}

func TestVerify(t *testing.T) {
	t.Parallel()
	for shape, want := range map[VerifyUnpassed][2]string{
		VerifyUnpassedCode: {"CustomHostname.VerifyUnpassed", ""},
		VerifyUnpassedFlag: {"", "false"},
		VerifyUnpassedBoth: {"CustomHostname.VerifyUnpassed", "false"},
	} {
		w := newWorld(t, Options{VerifyUnpassed: shape})
		h := w.create("shop.customer.com")
		for _, txt := range [][2]string{{"", ""}, {h.VerifyHost, "verify_other"}, {"shop.customer.com", h.VerifyCode}} {
			w.PublishTXT(txt[0], txt[1])
			got := w.verify(h.ID)
			if got.status != 200 || got.at("Code") != want[0] || got.at("Passed") != want[1] || got.at("RequestId") == "" {
				t.Errorf("shape %d: got %d %s, want %q", shape, got.status, got.raw, want)
			}
		}
		if w.hostname(h.ID).Status != "pending" {
			t.Error("the hostname is active without its TXT record")
		}
		w.PublishTXT(strings.ToUpper(h.VerifyHost)+".", h.VerifyCode)
		for range 2 {
			w.clock.Move(time.Minute)
			if got := w.verify(h.ID); got.status != 200 || got.at("Passed") != "true" || got.at("Code") != "" {
				t.Errorf("shape %d, published: got %s, want true", shape, got.raw)
			}
		}
		if after := w.hostname(h.ID); after.Status != "active" || !after.UpdateTime.Equal(newClock().Now().Add(time.Minute)) {
			t.Errorf("got %+v, want an active hostname, updated once", after)
		}
		w.UnpublishTXT(h.VerifyHost, h.VerifyCode)
		if got := w.verify(h.ID); got.at("Passed") != "true" {
			t.Errorf("got %s after the TXT record was removed, want that an active hostname stays verified", got.raw)
		}
	}
}

func TestNobodyIsVerifiedUnasked(t *testing.T) {
	t.Parallel()
	for auto, want := range map[bool]string{false: "pending", true: "active"} {
		w := newWorld(t, Options{AutoVerify: auto})
		h := w.create("shop.customer.com")
		w.PublishTXT(h.VerifyHost, h.VerifyCode)
		if got := w.get(h.ID).at("CustomHostnameModel", "Status"); got != want {
			t.Errorf("AutoVerify %v: got %s, want %s", auto, got, want)
		}
	}
}

func TestConfiguring(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{ConfiguringFor: time.Minute})
	h := w.create("shop.customer.com")
	w.activate(h)
	for _, want := range []string{"configuring", "configuring", "active"} {
		if got := w.get(h.ID).at("CustomHostnameModel", "Status"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		w.verify(h.ID)
		w.clock.Move(30 * time.Second)
	}
}

func TestICP(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.WithoutICP("shop.customer.com")
	if h := w.create("shop.customer.com"); h.Status != "pending" {
		t.Errorf("coverage overseas: got %s, want pending", h.Status)
	}
	site := w.AddSiteOf(Site{Name: "example.cn", Coverage: "global"})
	w.site, w.record = site, w.AddRecord(site.ID, "origin.example.cn")
	w.RemoveHostname(w.Hostnames()[0].ID)
	h := w.create("shop.customer.com")
	if h.Status != "offline" || h.OfflineReason != "missing_icp" {
		t.Errorf("coverage global: got %+v, want offline, missing_icp", h)
	}
	w.PublishTXT(h.VerifyHost, h.VerifyCode)
	w.refused(400, "CustomHostname.InvalidICP", "VerifyCustomHostname", "HostnameId", h.ID)
}

func TestOfflineIsNotVerified(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	h := w.create("shop.customer.com")
	w.PublishTXT(h.VerifyHost, h.VerifyCode)
	w.ChangeHostname(h.ID, func(h *Hostname) { h.Status, h.OfflineReason = "offline", "proactively_disabled" })
	w.refused(200, "CustomHostname.VerifyUnpassed", "VerifyCustomHostname", "HostnameId", h.ID)
}

// TestChallengeOfAWildcard checks that a wildcard is validated at its parent: no challenge has a name with an asterisk.
func TestChallengeOfAWildcard(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{FreeCertificateStart: StartAtOnce})
	h := w.create("*.customer.com", "SslFlag", "on", "CertType", "free")
	if h.CertTxtKey != "_acme-challenge.customer.com" || !strings.HasPrefix(h.CertHTTPKey, "http://customer.com/.well-known/acme-challenge/") {
		t.Errorf("got challenges at %q and %q, want names of customer.com", h.CertTxtKey, h.CertHTTPKey)
	}
}

func TestFreeCertificate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{IssueDelay: 5 * time.Minute})
	h := w.create("shop.customer.com", "SslFlag", "on", "CertType", "free")
	if h.CertStatus != "" || h.CertTxtKey != "" {
		t.Errorf("before it is active: got %+v, want no certificate status", h)
	}
	w.activate(h)
	h = w.hostname(h.ID)
	if h.CertStatus != "Applying" || h.CertTxtKey != "_acme-challenge.shop.customer.com" || len(h.CertTxtValue) != 43 || h.CertID != "" {
		t.Errorf("after it is active: got %+v, want Applying with a DCV record", h)
	}
	token, found := strings.CutPrefix(h.CertHTTPKey, "http://shop.customer.com/.well-known/acme-challenge/")
	if !found || !strings.HasPrefix(h.CertHTTPValue, token+".") {
		t.Errorf("DCV by HTTP: got %q %q", h.CertHTTPKey, h.CertHTTPValue)
	}
	w.refused(400, "InvalidParameter", "ApplyCustomHostnameCertificate", "HostnameId", h.ID)
	w.clock.Move(4 * time.Minute)
	w.publishDCV(h.ID)
	if status := w.hostname(h.ID).CertStatus; status != "Applying" {
		t.Errorf("got %s before the delay is over, want Applying", status)
	}
	w.UnpublishTXT(h.CertTxtKey, h.CertTxtValue)
	w.clock.Move(time.Hour)
	if status := w.hostname(h.ID).CertStatus; status != "Applying" {
		t.Errorf("got %s without the TXT record, want Applying", status)
	}
	w.publishDCV(h.ID)
	issuedAt := w.clock.Now()
	issued := w.hostname(h.ID)
	if issued.CertStatus != "OK" || issued.CertApplyMessage != "issued" || issued.CertApplyCode != 0 || issued.CertID == "" ||
		!issued.CertNotAfter.Equal(issuedAt.Add(90*day)) || !issued.UpdateTime.Equal(issuedAt) {
		t.Errorf("issued: got %+v", issued)
	}
	w.refused(400, "InvalidParameter", "ApplyCustomHostnameCertificate", "HostnameId", h.ID)
	// Sending the same certificate type again does not order a new certificate.
	w.ok("UpdateCustomHostname", "HostnameId", h.ID, "SslFlag", "on", "CertType", "free")
	if again := w.hostname(h.ID); again.CertID != issued.CertID {
		t.Error("an update to free replaced the free certificate")
	}

	w.clock.Move(60 * day)
	if status := w.hostname(h.ID).CertStatus; status != "OK" {
		t.Errorf("got %s with 30 days left, want OK", status)
	}
	w.clock.Move(time.Second)
	if status := w.hostname(h.ID).CertStatus; status != "Expiring" {
		t.Errorf("got %s with less than 30 days left, want Expiring", status)
	}
	w.ok("ApplyCustomHostnameCertificate", "HostnameId", h.ID)
	if renewing := w.hostname(h.ID); renewing.CertStatus != "Applying" || renewing.CertTxtValue == h.CertTxtValue || renewing.CertID != issued.CertID {
		t.Errorf("renewal started: got %+v", renewing)
	}
	w.publishDCV(h.ID)
	w.clock.Move(5 * time.Minute)
	if renewed := w.hostname(h.ID); renewed.CertStatus != "OK" || renewed.CertID == issued.CertID {
		t.Errorf("renewed: got %+v", renewed)
	}
	w.clock.Move(91 * day)
	if status := w.hostname(h.ID).CertStatus; status != "Expired" {
		t.Errorf("got %s after the expiry date, want Expired", status)
	}
	w.ok("ApplyCustomHostnameCertificate", "HostnameId", h.ID)
}

func TestApplyAnyway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{IssueWithoutTXT: true, IssueDelay: time.Minute, ApplyAnyway: ApplyAnywayNotAllowed})
	h := w.create("shop.customer.com", "SslFlag", "on", "CertType", "free")
	w.activate(h)
	w.clock.Move(time.Minute)
	w.refused(400, "ApplyCertificateNotAllowed", "ApplyCustomHostnameCertificate", "HostnameId", h.ID)

	w = newWorld(t, Options{IssueWithoutTXT: true, IssueDelay: time.Minute, ApplyAnyway: ApplyAnywayAccepted})
	h = w.create("shop.customer.com", "SslFlag", "on", "CertType", "free")
	w.activate(h)
	w.clock.Move(time.Minute)
	before := w.hostname(h.ID)
	w.ok("ApplyCustomHostnameCertificate", "HostnameId", h.ID)
	if after := w.hostname(h.ID); before.CertStatus != "OK" || after.CertStatus != "Applying" || after.CertTxtValue == before.CertTxtValue {
		t.Errorf("got %+v before and %+v after, want OK and Applying with a new challenge", before, after)
	}
}

func TestFreeCertificateFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{IssueWithoutTXT: true})
	w.FailCertificates("shop.customer.com", 2)
	h := w.create("shop.customer.com", "SslFlag", "on", "CertType", "free")
	w.activate(h)
	failed := func() {
		t.Helper()
		if h := w.hostname(h.ID); h.CertStatus != "ApplyFailed" || h.CertApplyCode != 2 || h.CertApplyMessage != "canceled" {
			t.Errorf("got %+v, want ApplyFailed, canceled", h)
		}
	}
	failed()
	w.ok("ApplyCustomHostnameCertificate", "HostnameId", h.ID)
	failed()
	// An update with CertType=free also applies for the certificate again.
	w.ok("UpdateCustomHostname", "HostnameId", h.ID, "SslFlag", "on", "CertType", "free")
	if h := w.hostname(h.ID); h.CertStatus != "OK" || h.CertApplyCode != 0 || h.CertApplyMessage != "issued" {
		t.Errorf("third attempt: got %+v, want an issued certificate", h)
	}
}

// TestFreeCertificateIsSentAgain checks that sending CertType=free again keeps a certificate that is in use, and orders a
// new one if it has expired.
func TestFreeCertificateIsSentAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	for status, stays := range map[string]bool{"OK": true, "Applying": true, "Expiring": true, "Expired": false, "ApplyFailed": false} {
		h := w.AddHostname(Hostname{
			SiteID: w.site.ID, RecordID: w.record.ID, Hostname: strings.ToLower(status) + ".customer.com",
			Status: "active", SSLFlag: "on", CertType: "free", CertStatus: status, CertID: "before", CertNotAfter: w.clock.Now().Add(day),
		})
		w.ok("UpdateCustomHostname", "HostnameId", h.ID, "SslFlag", "on", "CertType", "free")
		if got := w.hostname(h.ID).CertID == "before"; got != stays {
			t.Errorf("certificate status %s: got kept %t, want %t", status, got, stays)
		}
	}
}

func TestApplyIsForFreeCertificatesOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	pair := newPair(t, w.clock.Now().Add(-day))
	uploaded := w.create("a.customer.com", "SslFlag", "on", "CertType", "upload", "Certificate", pair.certificate, "PrivateKey", pair.key)
	if uploaded.CertStatus != "Expired" {
		t.Errorf("got status %s for an expired certificate, want Expired", uploaded.CertStatus)
	}
	w.refused(400, "InvalidParameter", "ApplyCustomHostnameCertificate", "HostnameId", uploaded.ID)
	w.refused(400, "InvalidParameter", "ApplyCustomHostnameCertificate", "HostnameId", w.create("b.customer.com").ID)
	off := w.AddHostname(Hostname{SiteID: w.site.ID, Hostname: "c.customer.com", SSLFlag: "off", CertType: "free", CertStatus: "ApplyFailed"})
	w.refused(400, "InvalidParameter", "ApplyCustomHostnameCertificate", "HostnameId", off.ID)
}

func TestFreeCertificateOptions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{FreeCertificateStart: StartAtOnce, IssueWithoutTXT: true, BlankTokens: true})
	h := w.create("shop.customer.com", "SslFlag", "on", "CertType", "free")
	if h.CertStatus != "Applying" || h.CertTxtKey == "" {
		t.Errorf("start at once: got %+v, want Applying", h)
	}
	w.activate(h)
	got := w.get(h.ID)
	if got.at("CustomHostnameModel", "CertStatus") != "OK" {
		t.Errorf("got %s, want an issued certificate", got.raw)
	}
	for _, field := range []string{"VerifyHost", "VerifyCode", "CertTxtKey", "CertTxtValue", "CertHttpKey", "CertHttpValue"} {
		if value := got.at("CustomHostnameModel", field); value != "" {
			t.Errorf("got %s = %q after use, want it blank", field, value)
		}
	}

	w = newWorld(t, Options{PublishAtOnce: true})
	h = w.create("shop.customer.com", "SslFlag", "on", "CertType", "free")
	w.ok("VerifyCustomHostname", "HostnameId", h.ID)
	got = w.get(h.ID)
	if got.at("CustomHostnameModel", "Status") != "active" || got.at("CustomHostnameModel", "CertStatus") != "OK" || got.at("CustomHostnameModel", "VerifyCode") == "" {
		t.Errorf("published at once: got %s, want an active hostname with a certificate", got.raw)
	}
}

func TestDeployedCertificatesAge(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	end := w.clock.Now().Add(40 * day)
	pair := newPair(t, end)
	w.AddCASCertificate(5, "cn-hangzhou", end)
	uploaded := w.create("a.customer.com", "SslFlag", "on", "CertType", "upload", "Certificate", pair.certificate, "PrivateKey", pair.key)
	cas := w.create("b.customer.com", "SslFlag", "on", "CertType", "cas", "CasId", 5, "CasRegion", "cn-hangzhou")
	for _, want := range []string{"OK", "Expiring", "Expired"} {
		for _, id := range []int64{uploaded.ID, cas.ID} {
			if h := w.hostname(id); h.CertStatus != want || !h.CertNotAfter.Equal(end) {
				t.Errorf("%s: got %s until %v, want %s", h.Hostname, h.CertStatus, h.CertNotAfter, want)
			}
		}
		w.clock.Move(20 * day)
	}
}

func TestChangeHostnameBringsWhatFollows(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	end := w.clock.Now().Add(100 * day)
	pair := newPair(t, end)
	h := w.AddHostname(Hostname{SiteID: w.site.ID, Hostname: "Shop.Customer.com", CertType: "cas", CasID: DefaultCasID})
	if h.SSLFlag != "on" || h.Hostname != "shop.customer.com" || h.RecordID != w.record.ID || h.CertStatus != "OK" || h.CasRegion != "cn-hangzhou" || h.CertID == "" {
		t.Errorf("added: got %+v", h)
	}
	w.clock.Move(time.Minute)
	w.ChangeHostname(h.ID, func(h *Hostname) {
		h.CertType, h.Certificate, h.PrivateKey, h.ID = "upload", pair.certificate, pair.key, 7
	})
	changed := w.hostname(h.ID)
	if changed.ID != h.ID || !changed.CertNotAfter.Equal(end) || changed.CertID == h.CertID || !changed.UpdateTime.Equal(w.clock.Now()) {
		t.Errorf("changed: got %+v", changed)
	}
	w.ChangeHostname(h.ID, func(h *Hostname) { h.CertStatus = "Expired" })
	if status := w.hostname(h.ID).CertStatus; status != "Expired" {
		t.Errorf("got status %s, want the one that was set, Expired", status)
	}
	// The certificate of another one expires before it is replaced, without a call in between.
	late := w.AddHostname(Hostname{SiteID: w.site.ID, Hostname: "late.customer.com", CertType: "upload", Certificate: pair.certificate, PrivateKey: pair.key})
	w.clock.Move(101 * day)
	next := newPair(t, w.clock.Now().Add(100*day))
	w.ChangeHostname(late.ID, func(h *Hostname) { h.Certificate, h.PrivateKey = next.certificate, next.key })
	if changed := w.hostname(late.ID); changed.CertStatus != "OK" || !changed.UpdateTime.Equal(w.clock.Now()) {
		t.Errorf("replaced after its expiry: got certificate %s, updated at %v, want OK at %v", changed.CertStatus, changed.UpdateTime, w.clock.Now())
	}
}

var (
	randomTexts = regexp.MustCompile(`^(verify_)?[0-9a-f]{32}$`)
	tokens      = regexp.MustCompile(`[A-Za-z0-9_-]{43}`)
)

// plain returns a hostname with X in place of random ids and codes, T in place of tokens, and times in UTC.
func plain(h Hostname) Hostname {
	h.CertID = randomTexts.ReplaceAllString(h.CertID, "X")
	h.VerifyCode = randomTexts.ReplaceAllString(h.VerifyCode, "X")
	for _, text := range []*string{&h.CertTxtValue, &h.CertHTTPKey, &h.CertHTTPValue} {
		*text = tokens.ReplaceAllString(*text, "T")
	}
	for _, at := range []*time.Time{&h.CertNotAfter, &h.CreateTime, &h.UpdateTime} {
		*at = at.UTC()
	}
	return h
}

// became compares a hostname with the previous one after a change, without the random values.
func (w *world) became(title string, before Hostname, change func(*Hostname)) Hostname {
	w.t.Helper()
	want, got := plain(before), w.hostname(before.ID)
	change(&want)
	if plain(got) != want {
		w.t.Errorf("%s: got\n%+v\nwant\n%+v", title, plain(got), want)
	}
	return got
}

// applied is what an application for a free certificate changes.
func (w *world) applied(h *Hostname) {
	h.CertStatus, h.CertApplyCode, h.CertApplyMessage, h.UpdateTime = "Applying", 0, "", w.Now()
	h.CertTxtKey, h.CertTxtValue = "_acme-challenge."+h.Hostname, "T"
	h.CertHTTPKey, h.CertHTTPValue = "http://"+h.Hostname+"/.well-known/acme-challenge/T", "T.T"
}

// issued is what the issue of a free certificate changes.
func (w *world) issued(h *Hostname) {
	h.CertStatus, h.CertApplyCode, h.CertApplyMessage, h.UpdateTime = "OK", 0, "issued", w.Now()
	h.CertID, h.CertNotAfter = "X", w.Now().Add(90*day)
}

// TestWholeLife compares all fields of a hostname with a free certificate after every step of its life.
func TestWholeLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{IssueDelay: 5 * time.Minute, ConfiguringFor: time.Minute})
	h := w.create("shop.customer.com", "SslFlag", "on", "CertType", "free")
	want := Hostname{
		ID: 4514973387335749, SiteID: 4514973387335745, RecordID: 4514973387335747, Hostname: "shop.customer.com", Status: "pending",
		VerifyHost: "_esa_custom_hostname.shop.customer.com", VerifyCode: "X", SSLFlag: "on", CertType: "free",
		CreateTime: w.clock.Now(), UpdateTime: w.clock.Now(),
	}
	if plain(h) != want {
		t.Fatalf("created: got\n%+v\nwant\n%+v", plain(h), want)
	}
	unchanged := func(*Hostname) {}

	w.clock.Move(time.Second)
	w.activate(h)
	h = w.became("verified", h, func(h *Hostname) { h.Status, h.UpdateTime = "configuring", w.Now() })
	w.clock.Move(time.Minute - 1)
	h = w.became("still configured", h, unchanged)
	w.clock.Move(1)
	h = w.became("active", h, func(h *Hostname) { h.Status = "active"; w.applied(h) })
	first := h
	w.PublishTXT(h.CertTxtKey, h.CertTxtValue)
	w.clock.Move(5*time.Minute - 1)
	h = w.became("not issued yet", h, unchanged)
	w.clock.Move(1)
	h = w.became("issued", h, w.issued)
	if h.CertTxtValue != first.CertTxtValue || h.CertHTTPKey != first.CertHTTPKey || h.CertHTTPValue != first.CertHTTPValue {
		t.Errorf("the issue changed the challenge from %+v to %+v", first, h)
	}

	w.clock.Move(60 * day)
	h = w.became("30 days left", h, unchanged)
	w.clock.Move(1)
	h = w.became("less than 30 days left", h, func(h *Hostname) { h.CertStatus = "Expiring" })
	w.ok("ApplyCustomHostnameCertificate", "HostnameId", h.ID)
	h = w.became("applied for again", h, w.applied)
	if h.CertTxtValue == first.CertTxtValue || h.CertHTTPKey == first.CertHTTPKey || h.CertHTTPValue == first.CertHTTPValue || h.CertID == "" {
		t.Errorf("the new application has the challenge of the old one: %+v", h)
	}
	w.FailCertificates(h.Hostname, 1)
	w.clock.Move(5*time.Minute - 1)
	h = w.became("has not failed yet", h, unchanged)
	w.clock.Move(1)
	h = w.became("failed", h, func(h *Hostname) {
		h.CertStatus, h.CertApplyCode, h.CertApplyMessage, h.UpdateTime = "ApplyFailed", 2, "canceled", w.Now()
	})
	w.clock.Move(90 * day)
	h = w.became("a failed application does not expire", h, unchanged)
	w.ok("ApplyCustomHostnameCertificate", "HostnameId", h.ID)
	h = w.became("applied for a third time", h, w.applied)
	w.PublishTXT(h.CertTxtKey, h.CertTxtValue)
	w.clock.Move(5 * time.Minute)
	h = w.became("issued again", h, w.issued)
	w.clock.Move(90 * day)
	h = w.became("expired", h, func(h *Hostname) { h.CertStatus = "Expired" })

	w.ok("UpdateCustomHostname", "HostnameId", h.ID, "SslFlag", "off")
	h = w.became("SSL off", h, func(h *Hostname) { h.SSLFlag, h.UpdateTime = "off", w.Now() })
	w.ok("UpdateCustomHostname", "HostnameId", h.ID, "SslFlag", "on", "CertType", "free")
	w.became("on again", h, func(h *Hostname) {
		h.SSLFlag, h.CertID, h.CertNotAfter = "on", "", time.Time{}
		w.applied(h)
	})
}

// TestActivationIsNotLate checks that a hostname that is read late has the time at which it became active.
func TestActivationIsNotLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{ConfiguringFor: time.Minute})
	h := w.create("shop.customer.com")
	w.activate(h)
	at := w.clock.Now().Add(time.Minute)
	w.clock.Move(time.Hour)
	h = w.became("active", h, func(h *Hostname) { h.Status, h.UpdateTime = "active", at })
	// A hostname that somebody took offline in the meantime does not become active.
	other := w.create("www.customer.com")
	w.activate(other)
	w.ChangeHostname(other.ID, func(h *Hostname) { h.Status = "offline" })
	w.clock.Move(time.Hour)
	w.became("offline", other, func(h *Hostname) { h.Status = "offline" })
	// One that was configuring from the start stays so.
	seeded := w.AddHostname(Hostname{SiteID: w.site.ID, Hostname: "seeded.customer.com", Status: "configuring"})
	w.clock.Move(time.Hour)
	w.became("seeded", seeded, func(*Hostname) {})
	if seeded.Status != "configuring" {
		t.Errorf("got %s for a hostname that was configuring from the start, want configuring", seeded.Status)
	}
	if got := w.ok("VerifyCustomHostname", "HostnameId", seeded.ID); got.at("Passed") != "true" {
		t.Errorf("got %s for a hostname that is configuring, want true", got.raw)
	}
	w.became("active", h, func(*Hostname) {})
}

// TestAgeOfCertificates checks both sides of each limit, and that only deployed certificates age.
func TestAgeOfCertificates(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	for _, test := range []struct {
		status string
		left   time.Duration
		want   string
	}{
		{"OK", 31 * day, "OK"},
		{"OK", 30 * day, "OK"},
		{"OK", 30*day - 1, "Expiring"},
		{"OK", 1, "Expiring"},
		{"OK", 0, "Expired"},
		{"OK", -1, "Expired"},
		{"Expiring", 31 * day, "Expiring"},
		{"Expiring", 1, "Expiring"},
		{"Expiring", 0, "Expired"},
		{"Expired", 31 * day, "Expired"},
		{"Applying", day, "Applying"},
		{"Applying", -day, "Applying"},
		{"ApplyFailed", day, "ApplyFailed"},
		{"ApplyFailed", -day, "ApplyFailed"},
	} {
		h := w.AddHostname(Hostname{SiteID: w.site.ID, Hostname: "shop.customer.com", CertType: "upload", CertStatus: test.status, CertNotAfter: w.Now().Add(test.left)})
		if h.CertStatus != test.want || w.get(h.ID).at("CustomHostnameModel", "CertStatus") != test.want {
			t.Errorf("%s with %v left: got %s, want %s", test.status, test.left, h.CertStatus, test.want)
		}
		w.RemoveHostname(h.ID)
	}
	// Without an expiry date, nothing ages.
	if h := w.AddHostname(Hostname{SiteID: w.site.ID, Hostname: "shop.customer.com", CertType: "upload", CertStatus: "OK"}); h.CertStatus != "OK" {
		t.Errorf("got %s without an expiry date, want OK", h.CertStatus)
	}
}

// TestChallengesExpire checks that an application gets new DCV data after their lifetime, until it is concluded.
func TestChallengesExpire(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{ChallengeFor: time.Hour, FreeCertificateStart: StartAtOnce})
	h := w.create("shop.customer.com", "SslFlag", "on", "CertType", "free")
	unchanged := func(*Hostname) {}
	challenge := func(h Hostname) string {
		return strings.Join([]string{h.CertTxtValue, h.CertHTTPKey, h.CertHTTPValue}, " ")
	}
	for range 2 {
		w.clock.Move(time.Hour - 1)
		if kept := w.became("before", h, unchanged); challenge(kept) != challenge(h) {
			t.Error("the challenge changed before its end")
		}
		w.clock.Move(1)
		renewed := w.became("at the end", h, w.applied)
		if renewed.CertTxtValue == h.CertTxtValue || renewed.CertHTTPKey == h.CertHTTPKey || renewed.CertHTTPValue == h.CertHTTPValue {
			t.Error("the challenge did not change")
		}
		h = renewed
	}
	// Another application starts the time again.
	w.clock.Move(30 * time.Minute)
	w.PublishTXT(h.VerifyHost, h.VerifyCode)
	w.ok("VerifyCustomHostname", "HostnameId", h.ID)
	h = w.became("active", h, func(h *Hostname) { h.Status, h.UpdateTime = "active", w.Now() })
	w.PublishTXT(h.CertTxtKey, h.CertTxtValue)
	w.clock.Move(30 * time.Minute)
	// The data that was published is checked before it expires.
	h = w.became("issued", h, w.issued)
	w.clock.Move(2 * time.Hour)
	w.became("no challenge after that", h, unchanged)

	w = newWorld(t, Options{FreeCertificateStart: StartAtOnce})
	h = w.create("shop.customer.com", "SslFlag", "on", "CertType", "free")
	w.clock.Move(1000 * time.Hour)
	if kept := w.became("without an end", h, unchanged); challenge(kept) != challenge(h) {
		t.Error("a challenge without an end changed")
	}
}

// TestFailuresAreCounted checks how many applications fail.
func TestFailuresAreCounted(t *testing.T) {
	t.Parallel()
	for times, want := range map[int]string{
		0: "OK", 1: "ApplyFailed OK", 2: "ApplyFailed ApplyFailed OK", -1: "ApplyFailed ApplyFailed ApplyFailed", -5: "ApplyFailed ApplyFailed ApplyFailed",
	} {
		w := newWorld(t, Options{IssueWithoutTXT: true})
		w.FailCertificates("Shop.customer.com.", times)
		w.FailCertificates("www.customer.com", -1)
		h := w.AddHostname(Hostname{SiteID: w.site.ID, Hostname: "shop.customer.com", Status: "active", CertType: "free"})
		got := []string{h.CertStatus}
		for len(got) < 3 && got[len(got)-1] == "ApplyFailed" {
			w.ok("ApplyCustomHostnameCertificate", "HostnameId", h.ID)
			got = append(got, w.hostname(h.ID).CertStatus)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%d failures: got %v, want %s", times, got, want)
		}
		w.FailCertificates("shop.customer.com", 0)
		if got[len(got)-1] == "ApplyFailed" {
			w.ok("ApplyCustomHostnameCertificate", "HostnameId", h.ID)
		}
		if status := w.hostname(h.ID).CertStatus; status != "OK" {
			t.Errorf("%d failures, none any more: got %s, want OK", times, status)
		}
	}
}

// TestCertificatesAreIssuedToActiveHostnames checks what an application waits for.
func TestCertificatesAreIssuedToActiveHostnames(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		options     Options
		h           Hostname
		publish     bool
		status, dcv string // "" for no DCV data
	}{
		"pending":                   {Options{IssueWithoutTXT: true}, Hostname{Status: "pending", SSLFlag: "on", CertType: "free"}, false, "", ""},
		"pending, at once":          {Options{IssueWithoutTXT: true, FreeCertificateStart: StartAtOnce}, Hostname{Status: "pending", SSLFlag: "on", CertType: "free"}, false, "Applying", "T"},
		"offline, at once":          {Options{IssueWithoutTXT: true, FreeCertificateStart: StartAtOnce}, Hostname{Status: "offline", SSLFlag: "on", CertType: "free"}, false, "Applying", "T"},
		"active":                    {Options{}, Hostname{Status: "active", SSLFlag: "on", CertType: "free"}, false, "Applying", "T"},
		"active, published":         {Options{}, Hostname{Status: "active", SSLFlag: "on", CertType: "free"}, true, "OK", "T"},
		"active, without TXT":       {Options{IssueWithoutTXT: true}, Hostname{Status: "active", SSLFlag: "on", CertType: "free"}, false, "OK", "T"},
		"active, published at once": {Options{PublishAtOnce: true}, Hostname{Status: "active", SSLFlag: "on", CertType: "free"}, false, "OK", "T"},
		"SSL off":                   {Options{IssueWithoutTXT: true}, Hostname{Status: "active", SSLFlag: "off", CertType: "free"}, false, "", ""},
		"SSL off while applying":    {Options{IssueWithoutTXT: true}, Hostname{Status: "active", SSLFlag: "off", CertType: "free", CertStatus: "Applying"}, false, "Applying", ""},
		"no free certificate":       {Options{IssueWithoutTXT: true}, Hostname{Status: "active", SSLFlag: "on", CertType: "upload"}, false, "", ""},
		"no free one, applying":     {Options{IssueWithoutTXT: true}, Hostname{Status: "active", SSLFlag: "on", CertType: "upload", CertStatus: "Applying"}, false, "Applying", ""},
		"failed":                    {Options{IssueWithoutTXT: true}, Hostname{Status: "active", SSLFlag: "on", CertType: "free", CertStatus: "ApplyFailed"}, false, "ApplyFailed", ""},
		"applying":                  {Options{IssueWithoutTXT: true}, Hostname{Status: "active", SSLFlag: "on", CertType: "free", CertStatus: "Applying"}, false, "OK", ""},
		"applying, pending":         {Options{IssueWithoutTXT: true}, Hostname{Status: "pending", SSLFlag: "on", CertType: "free", CertStatus: "Applying"}, false, "Applying", ""},
	} {
		w := newWorld(t, test.options)
		test.h.SiteID, test.h.Hostname = w.site.ID, "shop.customer.com"
		h := w.AddHostname(test.h)
		if test.publish {
			w.PublishTXT(h.CertTxtKey+".", h.CertTxtValue)
			h = w.hostname(h.ID)
		}
		if got := plain(h); got.CertStatus != test.status || got.CertTxtValue != test.dcv {
			t.Errorf("%s: got %+v, want %q with DCV data %q", name, got, test.status, test.dcv)
		}
	}
}

// TestApplicationStartsWithTheUpdate checks that the time to issue a certificate counts from the call, not from the next read.
func TestApplicationStartsWithTheUpdate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{IssueWithoutTXT: true, IssueDelay: 5 * time.Minute})
	updated := w.AddHostname(Hostname{SiteID: w.site.ID, Hostname: "a.customer.com", Status: "active"})
	verified := w.create("b.customer.com", "SslFlag", "on", "CertType", "free")
	added := w.AddHostname(Hostname{SiteID: w.site.ID, Hostname: "c.customer.com", Status: "active", CertType: "free"})
	w.ok("UpdateCustomHostname", "HostnameId", updated.ID, "SslFlag", "on", "CertType", "free")
	w.activate(verified)
	w.clock.Move(5 * time.Minute)
	for _, id := range []int64{updated.ID, verified.ID, added.ID} {
		if h := w.hostname(id); h.CertStatus != "OK" {
			t.Errorf("%s: got %q, want OK after the time from the call", h.Hostname, h.CertStatus)
		}
	}
}

// TestReadsAdvanceTheLife checks that each way to read hostnames shows their current state.
func TestReadsAdvanceTheLife(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func(w *world, h Hostname) string{
		"Get": func(w *world, h Hostname) string { return w.get(h.ID).at("CustomHostnameModel", "Status") },
		"List": func(w *world, h Hostname) string {
			return w.ok("ListCustomHostnames", "SiteId", w.site.ID).at("Hostnames", 0, "Status")
		},
		"List of active": func(w *world, h Hostname) string {
			return w.ok("ListCustomHostnames", "SiteId", w.site.ID, "Status", "active").at("Hostnames", 0, "Status")
		},
		"Hostname":       func(w *world, h Hostname) string { return w.hostname(h.ID).Status },
		"Hostnames":      func(w *world, h Hostname) string { return w.Hostnames()[0].Status },
		"HostnameByName": func(w *world, h Hostname) string { h, _ = w.HostnameByName(w.site.ID, h.Hostname); return h.Status },
		"world": func(w *world, h Hostname) string {
			return w.tell("GET", "world", "").at("sites", 0, "hostnames", 0, "status")
		},
		"ChangeHostname": func(w *world, h Hostname) (status string) {
			w.ChangeHostname(h.ID, func(h *Hostname) { status = h.Status })
			return status
		},
	} {
		w := newWorld(t, Options{AutoVerify: true})
		h := w.create("shop.customer.com")
		w.PublishTXT(h.VerifyHost, h.VerifyCode)
		if status := read(w, h); status != "active" {
			t.Errorf("%s: got %s, want active", name, status)
		}
	}
}

// TestCallsFindTheCurrentState checks that calls judge a hostname as it is now, even if nothing has read it in the meantime.
func TestCallsFindTheCurrentState(t *testing.T) {
	t.Parallel()
	for action, pairs := range map[string][]any{"ApplyCustomHostnameCertificate": nil, "UpdateCustomHostname": {"SslFlag", "on", "CertType", "free"}} {
		w := newWorld(t, Options{})
		h := w.AddHostname(Hostname{SiteID: w.site.ID, Hostname: "shop.customer.com", Status: "active", CertType: "free", CertStatus: "OK"})
		w.clock.Move(90 * day)
		w.ok(action, append([]any{"HostnameId", h.ID}, pairs...)...)
		if h := w.hostname(h.ID); h.CertStatus != "Applying" {
			t.Errorf("%s of an expired certificate: got %s, want Applying", action, h.CertStatus)
		}
	}
}

// TestICPIsFiledLater checks that a verification ends the state offline once the filing is there, and only for that reason.
func TestICPIsFiledLater(t *testing.T) {
	t.Parallel()
	for coverage, want := range map[string]string{"domestic": "offline", "global": "offline", "overseas": "pending"} {
		w := newWorld(t, Options{})
		site := w.AddSiteOf(Site{Name: "example.cn", Coverage: coverage})
		w.site, w.record = site, w.AddRecord(site.ID, "origin.example.cn")
		w.WithoutICP("Shop.customer.com.")
		if h := w.create("shop.customer.com"); h.Status != want || (h.OfflineReason == "missing_icp") != (want == "offline") {
			t.Errorf("%s: got %+v, want %s", coverage, h, want)
		}
	}
	w := newWorld(t, Options{})
	offline := func(name, reason string) Hostname {
		return w.AddHostname(Hostname{SiteID: w.site.ID, Hostname: name, Status: "offline", OfflineReason: reason})
	}
	filed := offline("filed.customer.com", "missing_icp")
	w.clock.Move(time.Minute)
	w.refused(200, "CustomHostname.VerifyUnpassed", "VerifyCustomHostname", "HostnameId", filed.ID)
	filed = w.became("filed, not verified", filed, func(h *Hostname) { h.Status, h.OfflineReason = "pending", "" })
	w.activate(filed)
	w.became("verified", filed, func(h *Hostname) { h.Status, h.UpdateTime = "active", w.Now() })
	disabled := offline("disabled.customer.com", "proactively_disabled")
	w.PublishTXT(disabled.VerifyHost, disabled.VerifyCode)
	w.refused(200, "CustomHostname.VerifyUnpassed", "VerifyCustomHostname", "HostnameId", disabled.ID)
	w.became("disabled", disabled, func(*Hostname) {})
	active := w.AddHostname(Hostname{SiteID: w.site.ID, Hostname: "active.customer.com", Status: "active", OfflineReason: "missing_icp"})
	w.WithoutICP("active.customer.com")
	w.ok("VerifyCustomHostname", "HostnameId", active.ID)
	w.became("active", active, func(*Hostname) {})
}

// TestReasonsOfVerifyAndApply compares the reasons in the log.
func TestReasonsOfVerifyAndApply(t *testing.T) {
	t.Parallel()
	for apply, want := range map[ApplyAnyway]string{
		ApplyAnywayRefused: `InvalidParameter CertStatus is "Applying", not ApplyFailed, Expiring or Expired`, ApplyAnywayNotAllowed: "ApplyCertificateNotAllowed no certificate is applied for now",
		ApplyAnywayAccepted: " ",
	} {
		w := newWorld(t, Options{ApplyAnyway: apply})
		site := w.AddSiteOf(Site{ID: 2, Name: "example.cn", Coverage: "domestic"})
		w.AddRecordOf(Record{SiteID: site.ID, Name: "www.example.cn"})
		w.WithoutICP("icp.customer.com")
		for _, h := range []Hostname{
			{ID: 11, SiteID: w.site.ID, Hostname: "shop.customer.com", VerifyHost: "host", VerifyCode: "code"},
			{ID: 12, SiteID: site.ID, Hostname: "icp.customer.com", Status: "offline", OfflineReason: "missing_icp"},
			{ID: 13, SiteID: w.site.ID, Hostname: "free.customer.com", Status: "active", CertType: "free"},
		} {
			w.AddHostname(h)
		}
		w.ResetRequests()
		for _, test := range []struct {
			action string
			id     int
			want   string
		}{
			{"VerifyCustomHostname", 11, "CustomHostname.VerifyUnpassed no TXT record host with code"},
			{"VerifyCustomHostname", 12, "CustomHostname.InvalidICP the domain lacks its filing"},
			{"VerifyCustomHostname", 14, "CustomHostname.NotFound there is no hostname 14"},
			{"ApplyCustomHostnameCertificate", 11, "InvalidParameter the hostname has no free certificate"},
			{"ApplyCustomHostnameCertificate", 13, want},
			{"ApplyCustomHostnameCertificate", 14, "CustomHostname.NotFound there is no hostname 14"},
			{"DeleteCustomHostname", 14, "CustomHostname.NotFound there is no hostname 14"},
			{"GetCustomHostname", 14, "CustomHostname.NotFound there is no hostname 14"},
			{"GetCustomHostname", 0, "InvalidParameter HostnameId is not an id"},
			{"DeleteCustomHostname", 0, "InvalidParameter HostnameId is not an id"},
		} {
			w.call(test.action, "HostnameId", test.id)
			all := w.Requests()
			if r := all[len(all)-1]; r.Code+" "+r.Reason != test.want {
				t.Errorf("%s %d: got %s %s, want %s", test.action, test.id, r.Code, r.Reason, test.want)
			}
		}
	}
}

// TestChangesByHand compares all fields after a change in the console: what depends on the certificate follows, unless it
// was changed too.
func TestChangesByHand(t *testing.T) {
	t.Parallel()
	start := newClock().Now()
	pair, other := newPair(t, start.Add(100*day)), newPair(t, start.Add(200*day))
	year := start.AddDate(1, 0, 0)
	uploaded := Hostname{CertType: "upload", Certificate: pair.certificate, PrivateKey: pair.key}
	for name, test := range map[string]struct {
		added  Hostname
		was    func(*Hostname) // what AddHostname adds
		change func(*Hostname)
		then   func(*Hostname) // what ChangeHostname adds to it, besides UpdateTime
	}{
		"upload": {
			added: uploaded, was: func(h *Hostname) { h.CertStatus, h.CertID, h.CertNotAfter = "OK", "X", start.Add(100*day) },
			change: func(h *Hostname) { h.Certificate, h.PrivateKey = other.certificate, other.key },
			then:   func(h *Hostname) { h.CertNotAfter = start.Add(200 * day) },
		},
		"upload with a status, an id and a date": {
			added: Hostname{CertType: "upload", Certificate: pair.certificate, PrivateKey: pair.key, CertStatus: "Expired", CertID: "mine", CertNotAfter: start.Add(50 * day)},
			change: func(h *Hostname) {
				h.Certificate, h.PrivateKey, h.CertStatus, h.CertID, h.CertNotAfter = other.certificate, other.key, "OK", "new", start.Add(60*day)
			},
		},
		"upload with a status and an id": {
			added: Hostname{CertType: "upload", Certificate: pair.certificate, PrivateKey: pair.key, CertStatus: "Expired", CertID: "mine"},
			was:   func(h *Hostname) { h.CertNotAfter = start.Add(100 * day) },
			change: func(h *Hostname) {
				h.Certificate, h.PrivateKey, h.CertStatus, h.CertID = other.certificate, other.key, "Expiring", "new"
			},
			then: func(h *Hostname) { h.CertNotAfter = start.Add(200 * day) },
		},
		"upload with the same status": {
			added: Hostname{CertType: "upload", Certificate: pair.certificate, PrivateKey: pair.key, CertStatus: "ApplyFailed", CertID: "mine"},
			was:   func(h *Hostname) { h.CertNotAfter = start.Add(100 * day) },
			change: func(h *Hostname) {
				h.Certificate, h.PrivateKey = other.certificate, other.key
			},
			then: func(h *Hostname) { h.CertStatus, h.CertID, h.CertNotAfter = "OK", "X", start.Add(200*day) },
		},
		"upload of no pair": {
			added:  Hostname{CertType: "upload", Certificate: pair.certificate, PrivateKey: other.key},
			change: func(h *Hostname) { h.Certificate = "x" },
		},
		"upload, something else": {
			added:  Hostname{CertType: "upload", Certificate: pair.certificate, PrivateKey: pair.key, CertStatus: "ApplyFailed", CertID: "mine"},
			was:    func(h *Hostname) { h.CertNotAfter = start.Add(100 * day) },
			change: func(h *Hostname) { h.VerifyCode = "new" },
		},
		"cas, something else": {
			added:  Hostname{CertType: "cas", CasID: 5, CertStatus: "ApplyFailed", CertID: "mine"},
			was:    func(h *Hostname) { h.CasRegion, h.CertNotAfter = "cn-hangzhou", start.Add(70*day) },
			change: func(h *Hostname) { h.VerifyCode = "new" },
		},
		"the key alone": {
			added: uploaded, was: func(h *Hostname) { h.CertStatus, h.CertID, h.CertNotAfter = "OK", "X", start.Add(100*day) },
			change: func(h *Hostname) { h.PrivateKey = other.key },
		},
		"a certificate of a free one": {
			added:  Hostname{CertType: "free"},
			change: func(h *Hostname) { h.Certificate, h.PrivateKey = pair.certificate, pair.key },
		},
		"cas": {
			added: Hostname{CertType: "cas", CasID: DefaultCasID},
			was: func(h *Hostname) {
				h.CasRegion, h.CertStatus, h.CertID, h.CertNotAfter = "cn-hangzhou", "OK", "X", year
			},
			change: func(h *Hostname) { h.CasID = 5 },
			then:   func(h *Hostname) { h.CertNotAfter = start.Add(70 * day) },
		},
		"cas that does not exist": {
			added: Hostname{CertType: "cas", CasID: 99},
			was: func(h *Hostname) {
				h.CasRegion, h.CertStatus, h.CertID, h.CertNotAfter = "cn-hangzhou", "OK", "X", year
			},
			change: func(h *Hostname) { h.CasID = 98 },
			then:   func(h *Hostname) { h.CertNotAfter = year.Add(time.Minute) },
		},
		"cas in a region": {
			added:  Hostname{CertType: "cas", CasID: 5, CasRegion: "ap-southeast-1"},
			was:    func(h *Hostname) { h.CertStatus, h.CertID, h.CertNotAfter = "OK", "X", start.Add(80*day) },
			change: func(h *Hostname) { h.CasRegion = "cn-hangzhou" },
		},
		"cas with a date": {
			added:  Hostname{CertType: "cas", CasID: 5, CertNotAfter: start.Add(50 * day)},
			change: func(h *Hostname) { h.CasID, h.CertNotAfter = 6, start.Add(60*day) },
		},
		"cas of a free one": {
			added:  Hostname{CertType: "free"},
			change: func(h *Hostname) { h.CertType = "cas" },
			then: func(h *Hostname) {
				h.CasRegion, h.CertStatus, h.CertID, h.CertNotAfter = "cn-hangzhou", "OK", "X", year.Add(time.Minute)
			},
		},
		"free": {
			added:  Hostname{CertType: "free"},
			change: func(h *Hostname) { h.CertStatus = "OK" },
			then:   func(h *Hostname) { h.CertID, h.CertNotAfter = "X", start.Add(90*day+time.Minute) },
		},
		"free, issued": {
			added:  Hostname{CertType: "free", CertStatus: "OK"},
			was:    func(h *Hostname) { h.CertID, h.CertNotAfter = "X", start.Add(90*day) },
			change: func(h *Hostname) { h.CertID = "mine" },
		},
		"free with a date":    {added: Hostname{CertType: "free", CertStatus: "OK", CertNotAfter: start.Add(50 * day)}, change: func(h *Hostname) { h.CertApplyCode = 2 }},
		"free, applied for":   {added: Hostname{CertType: "free", CertStatus: "Applying"}, change: func(h *Hostname) { h.CertStatus = "ApplyFailed" }},
		"OK without a type":   {added: Hostname{CertStatus: "OK"}, was: func(h *Hostname) { h.SSLFlag = "off" }, change: func(h *Hostname) { h.VerifyCode = "new" }},
		"SSL off with a type": {added: Hostname{CertType: "free", SSLFlag: "off"}, change: func(h *Hostname) { h.SSLFlag = "on" }},
		"SSL on without":      {added: Hostname{SSLFlag: "on"}, change: func(h *Hostname) { h.SSLFlag = "off" }},
		"status and name":     {added: Hostname{CertType: "free"}, change: func(h *Hostname) { h.Status, h.Hostname = "conflicted", "www.customer.com" }},
		"a time of its own":   {added: Hostname{CertType: "free"}, change: func(h *Hostname) { h.UpdateTime = start.Add(-time.Hour) }},
		"upload, time too": {added: uploaded, was: func(h *Hostname) { h.CertStatus, h.CertID, h.CertNotAfter = "OK", "X", start.Add(100*day) }, change: func(h *Hostname) {
			h.Certificate, h.PrivateKey, h.UpdateTime = other.certificate, other.key, start.Add(-time.Hour)
		}, then: func(h *Hostname) { h.CertNotAfter = start.Add(200 * day) }},
	} {
		w := newWorld(t, Options{})
		w.AddCASCertificate(5, "cn-hangzhou", start.Add(70*day))
		w.AddCASCertificate(5, "ap-southeast-1", start.Add(80*day))
		test.added.SiteID, test.added.Hostname = w.site.ID, "shop.customer.com"
		added := w.AddHostname(test.added)
		want := test.added
		want.ID, want.RecordID, want.Status, want.SSLFlag = added.ID, w.record.ID, "pending", either(want.SSLFlag, "on")
		want.VerifyHost, want.VerifyCode, want.CreateTime, want.UpdateTime = "_esa_custom_hostname.shop.customer.com", "X", start, start
		if test.was != nil {
			test.was(&want)
		}
		if plain(added) != want {
			t.Errorf("%s, added: got\n%+v\nwant\n%+v", name, plain(added), want)
		}
		w.clock.Move(time.Minute)
		w.ChangeHostname(added.ID, test.change)
		w.t = t
		want.UpdateTime = w.Now()
		w.became(name, want, func(h *Hostname) {
			test.change(h)
			if test.then != nil {
				test.then(h)
			}
		})
	}
}
