// Package certtest makes keys and certificates for tests and demos.
package certtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"
)

// Spec says what certificate to make.
type Spec struct {
	DNSNames []string
	NotAfter time.Time
}

// Pair is a certificate with its key.
type Pair struct {
	CertificatePEM, PrivateKeyPEM string
}

// New makes a certificate.
func New(spec Spec) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, err
	}
	if spec.NotAfter.IsZero() {
		spec.NotAfter = time.Now().AddDate(0, 0, 90)
	}
	serial, _ := rand.Int(rand.Reader, big.NewInt(1<<62))
	template := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: spec.DNSNames[0]}, DNSNames: spec.DNSNames, NotBefore: time.Now().Add(-time.Hour), NotAfter: spec.NotAfter}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return Pair{}, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, err
	}
	return Pair{string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))}, nil
}

// Issue is New for tests.
func Issue(t testing.TB, spec Spec) Pair {
	t.Helper()
	pair, err := New(spec)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}
