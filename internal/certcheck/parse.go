package certcheck

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Chain is the certificates of a text, in its order: the leaf should be first.
type Chain struct {
	Certificates []*x509.Certificate
}

// PEM is the chain as every server takes it: the certificates alone, in the order of the text.
func (c *Chain) PEM() string {
	var text strings.Builder
	for _, certificate := range c.Certificates {
		text.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))
	}
	return text.String()
}

// block is a PEM block.
type block struct {
	kind      string // what stands after BEGIN
	der       []byte
	encrypted bool // it has the header of an encrypted key
}

// scan finds the PEM blocks of a text. Unlike encoding/pem it takes indented lines, and it says what is wrong with a
// block instead of passing over it.
func scan(part Part, text string) ([]block, *Problem) {
	trimmed := trim(text)
	switch {
	case trimmed == "":
		return nil, part.invalid("The %s is empty. Give the PEM text, for example with file().", part.noun())
	case strings.Contains(trimmed, `-----\n`), strings.Contains(trimmed, `\n-----`):
		return nil, part.invalid(`The %s has a backslash and an "n" where its lines should end. Turn them into line ends with replace(value, "\\n", "\n"), or give the text with file() or as a heredoc.`, part.noun())
	case !strings.Contains(trimmed, "-----BEGIN "):
		return nil, part.invalid("The %s holds no PEM block: there is no line that begins with \"-----BEGIN\". Give the PEM text itself and not a path or DER; file() reads a PEM file.", part.noun())
	}
	var (
		blocks []block
		open   string   // the kind of the block that is being read
		body   []string // its lines
	)
	for line := range strings.Lines(strings.ReplaceAll(strings.ReplaceAll(trimmed, "\r\n", "\n"), "\r", "\n")) {
		line = trim(line)
		kind, begins := label(line, "BEGIN")
		ended, ends := label(line, "END")
		number := len(blocks) + 1
		switch {
		case strings.HasPrefix(line, "-----BEGIN ") && !begins:
			return nil, part.invalid("Block %d of the %s does not have its first line for itself; its line ends seem to be lost. Give the PEM text with its line ends, for example with file().", number, part.noun())
		case begins && open != "":
			return nil, part.cut(number)
		case begins:
			open, body = kind, nil
		case ends && open == "":
			return nil, part.invalid("Block %d of the %s has no line of its own that begins with \"-----BEGIN\", though it has an \"-----END\" line. Give the whole text, with nothing before the dashes.", number, part.noun())
		case ends && open != ended:
			return nil, part.invalid("Block %d of the %s is cut: it begins as %s and ends as %s. Give the whole text.", number, part.noun(), showKind(open), showKind(ended))
		case ends:
			b, err := decode(open, body)
			if err != nil {
				return nil, part.invalid("Block %d of the %s (%s) is damaged: %v. Give the text as it was issued.", number, part.noun(), showKind(open), err)
			}
			blocks = append(blocks, b)
			open = ""
		case open != "":
			body = append(body, line)
		}
	}
	if open != "" {
		return nil, part.cut(len(blocks) + 1)
	}
	return blocks, nil
}

// cut is the Problem of a block that has no end.
func (p Part) cut(number int) *Problem {
	return p.invalid("Block %d of the %s is cut: its \"-----END\" line is missing. Give the whole text.", number, p.noun())
}

// trim takes off spaces and byte order marks: files that were put together have them in the middle, too.
func trim(text string) string {
	for {
		trimmed := strings.TrimPrefix(strings.TrimSpace(text), "\ufeff")
		if trimmed == text {
			return text
		}
		text = trimmed
	}
}

// label reads the kind of a block from its first or last line.
func label(line, word string) (kind string, ok bool) {
	kind, ok = strings.CutPrefix(line, "-----"+word+" ")
	if !ok {
		return "", false
	}
	kind, ok = strings.CutSuffix(kind, "-----")
	return kind, ok && kind != "" && !strings.Contains(kind, "-----")
}

// showKind names the kind of a block. What does not look like one is not shown: in a mangled text it may be a piece of
// a key. The longest word of any real kind is CERTIFICATE.
func showKind(kind string) string {
	for word := range strings.FieldsSeq(kind) {
		if len(word) > len("CERTIFICATE") || strings.ToUpper(word) != word {
			return "a block of an unknown kind"
		}
	}
	return show(kind)
}

// decode reads what stands between the first and the last line of a block.
func decode(kind string, body []string) (block, error) {
	b := block{kind: kind}
	for len(body) > 0 {
		name, value, isHeader := strings.Cut(body[0], ":")
		if !isHeader {
			break
		}
		b.encrypted = b.encrypted || name == "Proc-Type" && strings.Contains(value, "ENCRYPTED") || name == "DEK-Info"
		body = body[1:]
	}
	// The error of base64 is left out, as it may show a part of the text.
	der, err := base64.StdEncoding.DecodeString(strings.Join(body, ""))
	switch {
	case err != nil:
		return b, errors.New("it is not base64")
	case len(der) == 0:
		return b, errors.New("it is empty")
	}
	b.der = der
	return b, nil
}

// isKey tells whether a block is a private key of any kind.
func (b block) isKey() bool { return strings.HasSuffix(b.kind, "PRIVATE KEY") }

// isCertificate tells whether a block is a certificate, by its name of today or of old.
func (b block) isCertificate() bool { return b.kind == "CERTIFICATE" || b.kind == "X509 CERTIFICATE" }

// ParseCertificate reads a certificate with its chain. Line ends, indentation, byte order marks and text around the
// blocks do not matter. The error is a *Problem.
func ParseCertificate(text string) (*Chain, error) {
	answer := lookAtCertificate(text)
	if answer.problem != nil {
		return nil, answer.problem
	}
	return &Chain{Certificates: slices.Clone(answer.chain)}, nil
}

func parseCertificate(text string) ([]*x509.Certificate, *Problem) {
	const part = PartCertificate
	keyAt := func(number int) *Problem {
		return part.invalid("Block %d of the certificate is a private key. Take it out at once, as certificates are shown in plans and kept in state, and put it into private_key_wo.", number)
	}
	// This is looked for first, as it cannot wait until something else that is wrong is mended.
	if before, _, found := strings.Cut(text, "PRIVATE KEY-----"); found {
		return nil, keyAt(max(1, strings.Count(before, "-----BEGIN ")))
	}
	blocks, problem := scan(part, text)
	if problem != nil {
		return nil, problem
	}
	var chain []*x509.Certificate
	for i, b := range blocks {
		switch {
		case b.kind == "CERTIFICATE REQUEST" || b.kind == "NEW CERTIFICATE REQUEST":
			return nil, part.invalid("Block %d of the certificate is a certificate request. Give the certificate that the authority issued for it.", i+1)
		case b.kind == "PKCS7":
			return nil, part.invalid("Block %d of the certificate is a PKCS #7 bundle. Take the certificates out of it with \"openssl pkcs7 -print_certs\".", i+1)
		case b.kind == "TRUSTED CERTIFICATE":
			return nil, part.invalid("Block %d of the certificate is in openssl's own form with trust settings. Convert it with \"openssl x509 -in trusted.pem -out certificate.pem\".", i+1)
		case !b.isCertificate():
			return nil, part.invalid("Block %d of the certificate is %s. Give certificates alone, the leaf first.", i+1, showKind(b.kind))
		}
		certificate, err := x509.ParseCertificate(b.der)
		if err != nil {
			if _, _, err := parseKeyDER(b.der); err == nil {
				return nil, keyAt(i + 1)
			}
			mend := "Give the text as it was issued."
			if strings.Contains(err.Error(), "elliptic curve") {
				mend = keyMend
			}
			return nil, part.invalid("Block %d of the certificate is no X.509 certificate that can be used here (%s). %s", i+1, show(err.Error()), mend)
		}
		chain = append(chain, certificate)
	}
	if len(chain) == 0 {
		return nil, part.invalid("The certificate holds no PEM block: no \"-----BEGIN\" has a line of its own. Give the text as it was issued.")
	}
	return chain, nil
}

// ParsePrivateKey reads a private key in PKCS #8, PKCS #1 or SEC 1 form that TLS can use: RSA of at least 2048 bits,
// or ECDSA on P-256, P-384 or P-521. The error is a *Problem.
func ParsePrivateKey(text string) (crypto.Signer, error) {
	signer, _, problem := parsePrivateKey(text)
	if problem != nil {
		return nil, problem
	}
	return signer, nil
}

// PrivateKeyPEM is a private key as every server takes it: the key alone, in its own form, under the name of that form.
// The error is a *Problem.
func PrivateKeyPEM(text string) (string, error) {
	_, key, problem := parsePrivateKey(text)
	if problem != nil {
		return "", problem
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: key.kind, Bytes: key.der})), nil
}

// parsePrivateKey returns the key and its block, whose kind is put right.
func parsePrivateKey(text string) (crypto.Signer, block, *Problem) {
	const part = PartPrivateKey
	refuse := func(format string, args ...any) (crypto.Signer, block, *Problem) {
		return nil, block{}, part.invalid(format, args...)
	}
	blocks, problem := scan(part, text)
	if problem != nil {
		return nil, block{}, problem
	}
	var (
		found  *block
		number int
	)
	for i := range blocks {
		b := &blocks[i]
		switch {
		case b.kind == "EC PARAMETERS":
			// openssl writes them before the key, which holds them too.
		case strings.HasSuffix(b.kind, "CERTIFICATE"):
			return refuse("Block %d of the private key is a certificate. Put it into certificate, and give the key alone.", i+1)
		case b.kind == "ENCRYPTED PRIVATE KEY" || b.encrypted:
			return refuse("Block %d of the private key is encrypted, and ESA takes no passphrase. Decrypt it with \"openssl pkey -in encrypted.pem -out key.pem\".", i+1)
		case b.kind == "OPENSSH PRIVATE KEY":
			return refuse("Block %d of the private key is in OpenSSH's own form. Convert it with \"ssh-keygen -p -m PEM -f FILE\".", i+1)
		case !b.isKey():
			return refuse("Block %d of the private key is %s. Give the private key alone.", i+1, showKind(b.kind))
		case found != nil:
			return refuse("Block %d of the private key is a second key. Give the one that belongs to the certificate.", i+1)
		default:
			found, number = b, i+1
		}
	}
	if found == nil {
		return refuse("The private key holds no key. Give the text as it was made.")
	}
	parsed, kind, err := parseKeyDER(found.der)
	if err != nil {
		if kind := foreignKind(*found); kind != "" {
			return refuse("Block %d of the private key is %s. %s", number, kind, keyMend)
		}
		return refuse("Block %d of the private key cannot be read; it is damaged or no key. Give an RSA or ECDSA key in PKCS #8, PKCS #1 or SEC 1 form.", number)
	}
	signer, isSigner := parsed.(crypto.Signer)
	if !isSigner {
		return refuse("Block %d of the private key is of a kind that cannot sign. %s", number, keyMend)
	}
	if fault := keyFault(signer.Public()); fault != "" {
		return refuse("Block %d of the private key is %s. %s", number, keyName(signer.Public()), fault)
	}
	return signer, block{kind: kind, der: found.der}, nil
}

// parseKeyDER tries the three forms whatever the block is called, as tools mix the names up, and returns what it should
// be called.
func parseKeyDER(der []byte) (key any, kind string, err error) {
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return key, "PRIVATE KEY", nil
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, "RSA PRIVATE KEY", nil
	}
	key, err = x509.ParseECPrivateKey(der)
	return key, "EC PRIVATE KEY", err
}

// foreignKind tells what a key is that crypto/x509 does not read, or "". RFC 8410, 8017, 5480 and 3279 have the numbers.
func foreignKind(b block) string {
	const otherCurve = "an elliptic key that is damaged or on another curve"
	switch b.kind {
	case "DSA PRIVATE KEY":
		return "a DSA key"
	case "EC PRIVATE KEY":
		return otherCurve
	}
	var frame struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
	}
	if _, err := asn1.Unmarshal(b.der, &frame); err != nil {
		return ""
	}
	switch frame.Algorithm.Algorithm.String() {
	case "1.2.840.10040.4.1":
		return "a DSA key"
	case "1.2.840.113549.1.1.10":
		return "an RSA-PSS key"
	case "1.3.101.111":
		return "an X448 key"
	case "1.3.101.113":
		return "an Ed448 key"
	case "1.2.840.10045.2.1":
		return otherCurve
	}
	return ""
}

const keyMend = "Use RSA of at least 2048 bits, or ECDSA on P-256, P-384 or P-521."

// keyFault says why a key cannot be used, or "".
func keyFault(public crypto.PublicKey) string {
	switch key := public.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < 2048 {
			return "That is too short. " + keyMend
		}
		return ""
	case *ecdsa.PublicKey:
		switch key.Curve.Params().Name {
		case "P-256", "P-384", "P-521":
			return ""
		}
		return "That curve is not usable for TLS. " + keyMend
	}
	return "That kind is not usable here. " + keyMend
}

// keyName names a key's kind and size, such as RSA-2048 and ECDSA-P256.
func keyName(public crypto.PublicKey) string {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA-%d", key.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA-" + strings.ReplaceAll(key.Curve.Params().Name, "-", "")
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return "of an unknown kind"
}
