package certcheck

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Info is what the first certificate of a text says.
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

// Describe reads a certificate. The error is a *Problem.
func Describe(text string) (Info, error) {
	chain, problem := parseCertificate(text)
	if problem != nil {
		return Info{}, problem
	}
	leaf := chain.Certificates[0]
	fingerprint := sha256.Sum256(leaf.Raw)
	return Info{
		Subject:           leaf.Subject.String(),
		Issuer:            leaf.Issuer.String(),
		DNSNames:          leaf.DNSNames,
		NotBefore:         leaf.NotBefore.UTC(),
		NotAfter:          leaf.NotAfter.UTC(),
		SerialNumber:      hex.EncodeToString(leaf.SerialNumber.Bytes()),
		FingerprintSHA256: hex.EncodeToString(fingerprint[:]),
		KeyAlgorithm:      keyName(leaf.PublicKey),
		IsCA:              leaf.IsCA,
		ChainLength:       len(chain.Certificates),
	}, nil
}
