package fakeesa

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
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
}
