// Package certcheck holds the rules for certificates and keys as plain Go, without Terraform.
package certcheck

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
)

// Chain is a parsed certificate value, leaf first.
type Chain struct {
	Certificates []*x509.Certificate
}

// Same reports whether two PEM texts hold the same certificates, compared as DER, in order. Two texts without a
// certificate are never the same.
func Same(a, b string) bool {
	x, y := blocks(a), blocks(b)
	if len(x) == 0 || len(x) != len(y) {
		return false
	}
	for i := range x {
		if !bytes.Equal(x[i], y[i]) {
			return false
		}
	}
	return true
}

// ParseCertificate reads the certificates of a PEM text.
func ParseCertificate(text string) (*Chain, error) {
	chain := new(Chain)
	for _, der := range blocks(text) {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		chain.Certificates = append(chain.Certificates, certificate)
	}
	if len(chain.Certificates) == 0 {
		return nil, errors.New("there is no PEM certificate")
	}
	return chain, nil
}

func blocks(text string) (ders [][]byte) {
	rest := []byte(text)
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return ders
		}
		if block.Type == "CERTIFICATE" {
			ders = append(ders, block.Bytes)
		}
	}
}
