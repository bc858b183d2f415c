package certcheck

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"time"
)

// Info is the contents of the first certificate of a PEM.
type Info struct {
	Subject           string // distinguished name, RFC 2253
	Issuer            string // distinguished name, RFC 2253
	DNSNames          []string
	NotBefore         time.Time
	NotAfter          time.Time
	SerialNumber      string // lower-case hexadecimal
	FingerprintSHA256 string // lower-case hexadecimal, of the DER
	KeyAlgorithm      string // such as RSA-2048 and ECDSA-P256
	IsCA              bool
	ChainLength       int // certificates in the text
}

// Describe parses a PEM and returns the contents of its first certificate. The error is a *Problem.
func Describe(text string) (Info, error) {
	chain, err := ParseCertificate(text)
	if err != nil {
		return Info{}, err
	}
	leaf := chain.Certificates[0]
	fingerprint := sha256.Sum256(leaf.Raw)
	return Info{
		Subject:           leaf.Subject.String(),
		Issuer:            leaf.Issuer.String(),
		DNSNames:          leaf.DNSNames,
		NotBefore:         leaf.NotBefore.UTC(),
		NotAfter:          leaf.NotAfter.UTC(),
		SerialNumber:      serial(leaf),
		FingerprintSHA256: hex.EncodeToString(fingerprint[:]),
		KeyAlgorithm:      keyName(leaf.PublicKey),
		IsCA:              leaf.IsCA,
		ChainLength:       len(chain.Certificates),
	}, nil
}

// serial returns a serial number as openssl and browsers print it, in lower case and without colons.
func serial(c *x509.Certificate) string {
	if c.SerialNumber.Sign() == 0 {
		return "00"
	}
	return hex.EncodeToString(c.SerialNumber.Bytes())
}
