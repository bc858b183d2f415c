package fakeesa

import (
	"crypto/rand"
	"encoding/base64"
	"slices"
	"strings"
	"time"
)

const (
	// freeLifetime is the lifetime of a certificate from Let's Encrypt.
	freeLifetime = 90 * 24 * time.Hour
	// expiringWithin is the remaining lifetime below which a certificate is Expiring.
	expiringWithin = 30 * 24 * time.Hour
)

// advance advances the lifecycle of a hostname: verified, configured, certificate applied for, issued, expiring, expired.
func (st *store) advance(h *hostname, now time.Time) {
	if st.options.AutoVerify && h.Status == "pending" && st.owned(h) {
		st.activate(h, now)
	}
	if h.Status == "configuring" && !h.configured.IsZero() && !now.Before(h.configured) {
		h.Status, h.UpdateTime, h.configured = "active", h.configured, time.Time{}
	}
	if h.SSLFlag == "on" && h.CertType == "free" {
		if h.CertStatus == "" && (h.Status == "active" || st.options.FreeCertificateStart == StartAtOnce) {
			st.apply(h, now)
		}
		if h.CertStatus == "Applying" && h.Status == "active" && !now.Before(h.applied.Add(st.options.IssueDelay)) {
			st.conclude(h, now)
		}
		if h.CertStatus == "Applying" && st.options.ChallengeFor > 0 && !now.Before(h.challenged.Add(st.options.ChallengeFor)) {
			h.challenge(now)
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

// owned reports whether the customer's DNS proves ownership.
func (st *store) owned(h *hostname) bool {
	return st.options.PublishAtOnce || slices.Contains(st.txt[canonical(h.VerifyHost)], h.VerifyCode)
}

// activate continues after ownership is verified. advance then makes the hostname active, at once by default.
func (st *store) activate(h *hostname, now time.Time) {
	h.Status, h.ConflictWith, h.UpdateTime, h.configured = "configuring", "", now, now.Add(st.options.ConfiguringFor)
}

// apply starts an application for a free certificate. An existing certificate stays in use.
func (st *store) apply(h *hostname, now time.Time) {
	h.applied = now
	h.CertStatus, h.CertApplyCode, h.CertApplyMessage = "Applying", 0, ""
	h.challenge(now)
}

// challenge gives the application new DCV data.
func (h *hostname) challenge(now time.Time) {
	name := strings.TrimPrefix(h.Hostname.Hostname, "*.")
	token := randomToken()
	h.challenged, h.UpdateTime = now, now
	h.CertTxtKey, h.CertTxtValue = "_acme-challenge."+name, randomToken()
	h.CertHTTPKey, h.CertHTTPValue = "http://"+name+"/.well-known/acme-challenge/"+token, token+"."+randomToken()
}

// conclude completes an application, if it can be completed.
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

// randomToken returns a token of 43 characters, like ACME's digests and tokens.
func randomToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}
