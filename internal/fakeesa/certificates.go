package fakeesa

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"time"
)

// deploy deploys a certificate.
func (h *hostname) deploy(notAfter, now time.Time) {
	h.CertStatus, h.CertID, h.CertNotAfter, h.UpdateTime = "OK", randomHex(), notAfter, now
}

// clearCertificate clears all fields of the certificate.
func (h *Hostname) clearCertificate() {
	h.CertType, h.Certificate, h.PrivateKey, h.CasID, h.CasRegion = "", "", "", 0, ""
	h.CertID, h.CertStatus, h.CertNotAfter = "", "", time.Time{}
	h.CertApplyCode, h.CertApplyMessage = 0, ""
	h.CertTxtKey, h.CertTxtValue, h.CertHTTPKey, h.CertHTTPValue = "", "", "", ""
}

// settle sets the dependent fields of a hostname that was changed by hand, unless they were changed too.
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

// A certificateGroup are the checked certificate parameters of Create and Update.
type certificateGroup struct {
	kind        string
	certificate string
	privateKey  string
	casID       int64
	casRegion   string
	notAfter    time.Time
}

// certificate reads the certificate group and checks every value. CasId=0 means none: the alicloud provider's generated
// code sends it with other types.
func (p *parameters) certificate() certificateGroup {
	return certificateGroup{
		kind: p.oneOf("CertType", "free", "upload", "cas"), casRegion: p.oneOf("CasRegion", casRegions...),
		certificate: p.text("Certificate"), privateKey: p.text("PrivateKey"), casID: p.number("CasId"),
	}
}

// complete checks the combination of values. deployable checks whether the certificate can be deployed. Values of
// another type are ignored.
func (st *store) complete(p *parameters, g certificateGroup) {
	switch {
	case g.kind == "":
		p.fail("SslFlag=on requires CertType")
	case g.kind == "upload" && (g.certificate == "" || g.privateKey == ""):
		p.fail("CertType=upload requires Certificate and PrivateKey")
	case g.kind == "cas" && (g.casID == 0 || g.casRegion == ""):
		p.fail("CertType=cas requires CasId and CasRegion")
	case g.kind == "cas" && g.casRegion != st.options.AccountRegion:
		p.fail("CasRegion is %s, the account's site is %s", g.casRegion, st.options.AccountRegion)
	}
}

// deployable sets the expiry of the certificate, or returns ESA's error for one that cannot be deployed.
func (st *store) deployable(name string, g *certificateGroup) *apiError {
	switch refuse := st.refusals[name]; {
	case refuse && g.kind == "free":
		return fail("CustomHostname.ApplyCertFailed", "certificates for %s are refused", name)
	case refuse:
		return fail("CustomHostname.SetCertFailed", "certificates for %s are refused", name)
	}
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

// matchingLeaf checks that the chain can be parsed and that the key belongs to its first certificate. It does not check
// trust, names and expiry, as it is not documented that ESA does.
func matchingLeaf(certificate, privateKey string) (*x509.Certificate, error) {
	if err := strictPEM("the certificate", certificate, map[string]func(der []byte) error{"CERTIFICATE": isCertificate}); err != nil {
		return nil, err
	}
	if err := strictPEM("the private key", privateKey, keyForms); err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair([]byte(certificate), []byte(privateKey))
	if err != nil {
		return nil, err
	}
	if pair.Leaf == nil {
		return nil, errors.New("there is no leaf certificate")
	}
	return pair.Leaf, nil
}

// keyForms are the labels of a private key, each with its encoding.
var keyForms = map[string]func(der []byte) error{
	"PRIVATE KEY":     func(der []byte) error { _, err := x509.ParsePKCS8PrivateKey(der); return err },
	"RSA PRIVATE KEY": func(der []byte) error { _, err := x509.ParsePKCS1PrivateKey(der); return err },
	"EC PRIVATE KEY":  func(der []byte) error { _, err := x509.ParseECPrivateKey(der); return err },
}

func isCertificate(der []byte) error {
	_, err := x509.ParseCertificate(der)
	return err
}

// pemBlock is a PEM block in the strict form of RFC 7468, with LF or CRLF.
var pemBlock = regexp.MustCompile(`^-----BEGIN ([A-Z0-9 ]+)-----\r?\n((?:[A-Za-z0-9+/]{64}\r?\n)*[A-Za-z0-9+/=]{1,64}\r?\n)-----END ([A-Z0-9 ]+)-----(?:\r?\n|$)`)

// strictPEM accepts only consecutive PEM blocks with these labels, and nothing around them. What else ESA accepts is
// unknown, and some servers accept no more than this.
func strictPEM(what, text string, labels map[string]func(der []byte) error) error {
	for number := 1; number == 1 || text != ""; number++ {
		found := pemBlock.FindStringSubmatch(text)
		if found == nil {
			return fmt.Errorf("%s: block %d is not strict PEM: nothing around it, lines of 64 characters, LF or CRLF", what, number)
		}
		label, body := found[1], found[2]
		parse, known := labels[label]
		if !known || found[3] != label {
			return fmt.Errorf("%s: block %d has a wrong label", what, number)
		}
		der, err := base64.StdEncoding.DecodeString(body)
		if err == nil {
			err = parse(der)
		}
		if err != nil {
			return fmt.Errorf("%s: block %d: %w", what, number, err)
		}
		text = text[len(found[0]):]
	}
	return nil
}

// installNothing sets what remains of a certificate group that was refused at creation.
func (st *store) installNothing(h *hostname, g certificateGroup) {
	switch st.options.RefusedCertificate {
	case RefusedLeavesOff:
		h.SSLFlag = "off"
	case RefusedLeavesOn:
		if h.CertType = g.kind; g.kind == "free" {
			h.CertStatus, h.CertApplyCode, h.CertApplyMessage = "ApplyFailed", 2, "canceled"
		}
	case RefusedLeavesNothing, RefusedLeavesBare:
	}
}

// install sets the certificate group of a hostname. It keeps a free certificate that is issued or applied for.
func (st *store) install(h *hostname, g certificateGroup, now time.Time) {
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

// issuedByESA is the certificate that ShowAllCertificates returns. It has no owner.
const issuedByESA = `-----BEGIN CERTIFICATE-----
MIIBhjCCAS2gAwIBAgIUPeppb6gBCE670/Ck2zExLR9qdVEwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOaXNzdWVkLmV4YW1wbGUwHhcNMjYxMTI2MDAyODQ2WhcNMzYx
MTIzMDAyODQ2WjAZMRcwFQYDVQQDDA5pc3N1ZWQuZXhhbXBsZTBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABFZC3BeG08QMGMSF3t4akb4L/VHKGqLKT/yh14g7H0mh
gaAZhWxXp8xcLUEL/I2vjx9gPAFHMSI8mIN1fnsy2dajUzBRMB0GA1UdDgQWBBTU
YZEQN7v066wIztX6hV8Xs9HtdTAfBgNVHSMEGDAWgBTUYZEQN7v066wIztX6hV8X
s9HtdTAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIBnpuOiDxGQz
o61gw6tIP3sZnFyEtw8K/a/20qaJmRMhAiA93kv9jFNsTgC4i3dHjuykUogJB4K8
6Ss3jbnbyO7V7g==
-----END CERTIFICATE-----
`
