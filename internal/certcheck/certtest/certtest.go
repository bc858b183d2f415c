// Package certtest generates keys and certificates for tests and the demo, so that the repository stores none that expire.
package certtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"
)

// KeyKind is a type of key.
type KeyKind int

// The types of keys.
const (
	ECDSAP256 KeyKind = iota
	ECDSAP224
	ECDSAP384
	ECDSAP521
	RSA2048
	RSA1024
	Ed25519
)

// Spec describes a certificate to generate. It needs a name; the zero value of each other field is the usual choice.
type Spec struct {
	DNSNames     []string
	CommonName   string    // default the first of DNSNames
	NotBefore    time.Time // default an hour ago
	NotAfter     time.Time // default 90 days from now
	Key          KeyKind   // of the leaf and of the CAs
	Intermediate int       // number of intermediates after the leaf
	IncludeRoot  bool      // whether the chain ends with the root
	SelfSigned   bool      // signed by its own key, without CAs
	IsCA         bool      // marked as a CA
	Usages       []x509.ExtKeyUsage
}

// Pair is a certificate with its key.
type Pair struct {
	CertificatePEM string   // the leaf and its chain
	PrivateKeyPEM  string   // PKCS #8
	Blocks         []string // the certificates of CertificatePEM, one by one
	Leaf           *x509.Certificate
	Key            crypto.Signer
}

// New generates a certificate.
func New(spec Spec) (Pair, error) {
	switch {
	case spec.CommonName == "" && len(spec.DNSNames) == 0:
		return Pair{}, errors.New("a certificate needs a name: set DNSNames or CommonName")
	case spec.Intermediate < 0:
		return Pair{}, fmt.Errorf("%d intermediates cannot be made", spec.Intermediate)
	case spec.CommonName == "":
		spec.CommonName = spec.DNSNames[0]
	}
	if spec.NotBefore.IsZero() {
		spec.NotBefore = time.Now().Add(-time.Hour)
	}
	if spec.NotAfter.IsZero() {
		spec.NotAfter = time.Now().AddDate(0, 0, 90)
	}
	key, err := newKey(spec.Key, false)
	if err != nil {
		return Pair{}, err
	}
	pair := Pair{Key: key}
	leaf := &x509.Certificate{
		Subject: pkix.Name{CommonName: spec.CommonName}, DNSNames: spec.DNSNames,
		NotBefore: spec.NotBefore, NotAfter: spec.NotAfter, ExtKeyUsage: spec.Usages,
		IsCA: spec.IsCA, BasicConstraintsValid: spec.IsCA,
	}
	authorities, signer, err := newAuthorities(spec)
	if err != nil {
		return Pair{}, err
	}
	issuer := leaf
	if spec.SelfSigned {
		signer = key
	} else {
		issuer = authorities[0]
	}
	if pair.Leaf, err = sign(leaf, issuer, key.Public(), signer); err != nil {
		return Pair{}, err
	}
	pair.Blocks = append(pair.Blocks, encode("CERTIFICATE", pair.Leaf.Raw))
	if !spec.SelfSigned {
		if !spec.IncludeRoot {
			authorities = authorities[:spec.Intermediate]
		}
		for _, authority := range authorities {
			pair.Blocks = append(pair.Blocks, encode("CERTIFICATE", authority.Raw))
		}
	}
	pair.CertificatePEM = strings.Join(pair.Blocks, "")
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, err
	}
	pair.PrivateKeyPEM = encode("PRIVATE KEY", der)
	return pair, nil
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

// newAuthorities generates the intermediates and the root. It returns them from the issuer of the leaf up, with that issuer's key.
func newAuthorities(spec Spec) ([]*x509.Certificate, crypto.Signer, error) {
	var authorities []*x509.Certificate
	var signer crypto.Signer
	for level := range spec.Intermediate + 1 {
		key, err := newKey(spec.Key, true)
		if err != nil {
			return nil, nil, err
		}
		template := &x509.Certificate{
			Subject:   pkix.Name{CommonName: fmt.Sprintf("Test Authority %d", level)},
			NotBefore: time.Now().AddDate(-10, 0, 0), NotAfter: time.Now().AddDate(10, 0, 0),
			IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		}
		parent, parentKey := template, key
		if level > 0 {
			parent, parentKey = authorities[0], signer
		}
		authority, err := sign(template, parent, key.Public(), parentKey)
		if err != nil {
			return nil, nil, err
		}
		authorities = append([]*x509.Certificate{authority}, authorities...)
		signer = key
	}
	return authorities, signer, nil
}

func sign(template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func encode(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// authorityRSA is shared by all CAs, as generating RSA keys is slow.
var authorityRSA = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func newKey(kind KeyKind, authority bool) (crypto.Signer, error) {
	switch kind {
	case RSA2048:
		if authority {
			return authorityRSA()
		}
		return rsa.GenerateKey(rand.Reader, 2048)
	case RSA1024:
		if authority {
			return authorityRSA()
		}
		return rsa.GenerateKey(rand.Reader, 1024)
	case Ed25519:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	case ECDSAP224:
		return ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	case ECDSAP384:
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case ECDSAP521:
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	}
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}
