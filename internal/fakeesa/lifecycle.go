package fakeesa

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// freeLifetime is that of a certificate by Let's Encrypt.
	freeLifetime = 90 * 24 * time.Hour
	// expiringWithin is how long before its end a certificate is Expiring.
	expiringWithin = 30 * 24 * time.Hour
)

// advance lets time go by for a hostname: verified, configured, certificate applied for, issued, expiring, expired.
func (st *store) advance(h *hostname, now time.Time) {
	if st.options.AutoVerify && h.Status == "pending" && st.owned(h) {
		st.activate(h, now)
	}
	if h.Status == "configuring" && !h.configured.IsZero() && !now.Before(h.configured) {
		h.Status, h.UpdateTime, h.configured = "active", h.configured, time.Time{}
	}
	if h.SSLFlag != "on" {
		return
	}
	if h.CertType == "free" {
		if h.CertStatus == "" && (h.Status == "active" || st.options.FreeCertificateStart == StartAtOnce) {
			st.apply(h, now)
		}
		if h.CertStatus == "Applying" && h.Status == "active" && !now.Before(h.applied.Add(st.options.IssueDelay)) {
			st.conclude(h, now)
		}
	}
	if h.CertNotAfter.IsZero() {
		return
	}
	switch left := h.CertNotAfter.Sub(now); {
	case left <= 0 && (h.CertStatus == "OK" || h.CertStatus == "Expiring"):
		h.CertStatus = "Expired"
	case left < expiringWithin && h.CertStatus == "OK":
		h.CertStatus = "Expiring"
	}
}

// owned looks at the customer's DNS.
func (st *store) owned(h *hostname) bool {
	return st.options.PublishAtOnce || slices.Contains(st.txt[canonical(h.VerifyHost)], h.VerifyCode)
}

// activate is what follows from a proof of ownership.
func (st *store) activate(h *hostname, now time.Time) {
	h.Status, h.ConflictWith, h.UpdateTime = "active", "", now
	if st.options.ConfiguringFor > 0 {
		h.Status, h.configured = "configuring", now.Add(st.options.ConfiguringFor)
	}
}

// apply starts an application for a free certificate. A certificate that is there goes on serving.
func (st *store) apply(h *hostname, now time.Time) {
	name := strings.TrimPrefix(h.Hostname.Hostname, "*.")
	token := randomToken()
	h.applied, h.UpdateTime = now, now
	h.CertStatus, h.CertApplyCode, h.CertApplyMessage = "Applying", 0, ""
	h.CertTxtKey, h.CertTxtValue = "_acme-challenge."+name, randomToken()
	h.CertHTTPKey, h.CertHTTPValue = "http://"+name+"/.well-known/acme-challenge/"+token, token+"."+randomToken()
}

// conclude ends an application, if it can end.
func (st *store) conclude(h *hostname, now time.Time) {
	if times := st.failures[h.Hostname.Hostname]; times != 0 {
		st.failures[h.Hostname.Hostname] = max(times-1, -1)
		h.CertStatus, h.CertApplyCode, h.CertApplyMessage, h.UpdateTime = "ApplyFailed", 2, "canceled", now
		return
	}
	if st.options.IssueWithoutTXT || st.options.PublishAtOnce || slices.Contains(st.txt[canonical(h.CertTxtKey)], h.CertTxtValue) {
		h.deploy(now.Add(freeLifetime), now)
		h.CertApplyCode, h.CertApplyMessage = 0, "issued"
	}
}

// deploy puts a certificate to work.
func (h *hostname) deploy(notAfter, now time.Time) {
	h.CertStatus, h.CertID, h.CertNotAfter, h.UpdateTime = "OK", randomHex(), notAfter, now
}

// clearCertificate forgets everything about the certificate.
func (h *Hostname) clearCertificate() {
	h.CertType, h.Certificate, h.PrivateKey, h.CasID, h.CasRegion = "", "", "", 0, ""
	h.CertID, h.CertStatus, h.CertNotAfter = "", "", time.Time{}
	h.CertApplyCode, h.CertApplyMessage = 0, ""
	h.CertTxtKey, h.CertTxtValue, h.CertHTTPKey, h.CertHTTPValue = "", "", "", ""
}

// settle fills in what follows from a hostname that was written by hand, and leaves alone what was written.
func (st *store) settle(h *hostname, before Hostname, now time.Time) {
	updated, status, id := h.UpdateTime, h.CertStatus, h.CertID
	written := !h.CertNotAfter.Equal(before.CertNotAfter)
	deploy := func(notAfter time.Time) {
		h.deploy(notAfter, now)
		h.UpdateTime = updated
		if status != before.CertStatus {
			h.CertStatus = status
		}
		if id != before.CertID {
			h.CertID = id
		}
	}
	switch {
	case h.CertType == "upload" && h.Certificate != before.Certificate && !written:
		if pair, err := tls.X509KeyPair([]byte(h.Certificate), []byte(h.PrivateKey)); err == nil {
			deploy(pair.Leaf.NotAfter)
		}
	case h.CertType == "cas" && (h.CasID != before.CasID || h.CertType != before.CertType) && !written:
		h.CasRegion = either(h.CasRegion, st.options.AccountRegion)
		notAfter, ok := st.cas[casKey{h.CasID, h.CasRegion}]
		if !ok {
			notAfter = now.AddDate(1, 0, 0)
		}
		deploy(notAfter)
	case h.CertType == "free" && h.CertStatus == "OK" && h.CertNotAfter.IsZero():
		deploy(now.Add(freeLifetime))
	}
}

// A certificateGroup is what Create and Update say about the certificate, checked.
type certificateGroup struct {
	kind        string
	certificate string
	privateKey  string
	casID       int64
	casRegion   string
	notAfter    time.Time
}

// certificate reads and checks the certificate group. Its errors are those of parameters that are wrong by
// themselves; whether the certificate can be deployed is deployable's business.
func (st *store) certificate(p *parameters) certificateGroup {
	g := certificateGroup{
		kind: p.oneOf("CertType", "free", "upload", "cas"), casRegion: p.oneOf("CasRegion", casRegions...),
		certificate: p.text("Certificate"), privateKey: p.text("PrivateKey"), casID: p.number("CasId"),
	}
	switch {
	case p.err != nil:
	case g.kind == "":
		p.fail("CertType goes with SslFlag=on")
	case g.kind == "upload" && (g.certificate == "" || g.privateKey == ""):
		p.fail("Certificate and PrivateKey go with CertType=upload")
	case g.kind == "cas" && (g.casID == 0 || g.casRegion == ""):
		p.fail("CasId and CasRegion go with CertType=cas")
	case g.kind == "cas" && g.casRegion != st.options.AccountRegion:
		p.fail("CasRegion is %s, the account's site is %s", g.casRegion, st.options.AccountRegion)
	}
	return g
}

// deployable finds out until when the certificate is good, or refuses it as ESA does when it cannot deploy one.
func (st *store) deployable(g *certificateGroup) *apiError {
	switch g.kind {
	case "upload":
		leaf, err := matchingLeaf(g.certificate, g.privateKey)
		if err != nil {
			return fail("CustomHostname.SetCertFailed", "%v", err)
		}
		g.notAfter = leaf.NotAfter
	case "cas":
		notAfter, ok := st.cas[casKey{g.casID, g.casRegion}]
		if !ok {
			return fail("CustomHostname.SetCertFailed", "there is no certificate %d in %s", g.casID, g.casRegion)
		}
		g.notAfter = notAfter
	}
	return nil
}

// matchingLeaf checks that the chain can be read and that the key belongs to its first certificate. Trust, names and
// expiry are not checked: nothing says that ESA does.
func matchingLeaf(certificate, privateKey string) (*x509.Certificate, error) {
	pair, err := tls.X509KeyPair([]byte(certificate), []byte(privateKey))
	if err != nil {
		return nil, err
	}
	for i, der := range pair.Certificate {
		if _, err := x509.ParseCertificate(der); err != nil {
			return nil, fmt.Errorf("certificate %d of the chain: %w", i+1, err)
		}
	}
	if pair.Leaf == nil {
		return nil, errors.New("there is no leaf certificate")
	}
	return pair.Leaf, nil
}

// install makes a checked certificate group the hostname's. A free certificate that is there, or on its way, stays.
func (st *store) install(h *hostname, g certificateGroup, now time.Time) {
	h.SSLFlag = "on"
	if g.kind == "free" && h.CertType == "free" && h.CertStatus != "ApplyFailed" && h.CertStatus != "Expired" {
		return
	}
	h.clearCertificate()
	h.CertType = g.kind
	switch g.kind {
	case "upload":
		h.Certificate, h.PrivateKey = g.certificate, g.privateKey
		h.deploy(g.notAfter, now)
	case "cas":
		h.CasID, h.CasRegion = g.casID, g.casRegion
		h.deploy(g.notAfter, now)
	}
}

// randomToken has 43 characters, as ACME's digests and tokens have.
func randomToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}
