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
	"strings"
)

// Chain is the certificates of a PEM in its order, in which the leaf should be first.
type Chain struct {
	Certificates []*x509.Certificate
}

// PEM returns the chain in a form that every server accepts: only the certificates, in their order.
func (c *Chain) PEM() string {
	var text strings.Builder
	for _, certificate := range c.Certificates {
		text.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))
	}
	return text.String()
}

// block is a PEM block.
type block struct {
	kind      string // the label after BEGIN
	der       []byte
	encrypted bool // has the header of an encrypted key
}

// scan returns the PEM blocks of a text. Unlike encoding/pem it accepts indented lines, and it reports invalid blocks
// instead of skipping them.
func scan(part Part, text string) ([]block, *Problem) {
	trimmed := trim(text)
	switch {
	case trimmed == "":
		return nil, part.invalid("The %s is empty. Set it to PEM text, for example with file().", part.noun())
	case strings.Contains(trimmed, `-----\n`), strings.Contains(trimmed, `\n-----`):
		return nil, part.invalid(`The %s has a backslash and an "n" in place of each newline. Convert them with replace(value, "\\n", "\n"), or use file() or a heredoc.`, part.noun())
	case !strings.Contains(trimmed, "-----BEGIN "):
		return nil, part.invalid("The %s contains no PEM block: no line begins with \"-----BEGIN\". Set it to the PEM text itself, not to a path or DER; file() reads a PEM file.", part.noun())
	}
	var (
		blocks []block
		open   string   // the kind of the current block, "" outside of blocks
		body   []string // its lines
	)
	for line := range strings.Lines(strings.ReplaceAll(strings.ReplaceAll(trimmed, "\r\n", "\n"), "\r", "\n")) {
		line = trim(line)
		kind, begins := label(line, "BEGIN")
		ended, ends := label(line, "END")
		number := len(blocks) + 1
		switch {
		case strings.HasPrefix(line, "-----BEGIN ") && !begins:
			return nil, part.invalid("Block %d of the %s: BEGIN must be on its own line; newlines seem to have been stripped. Keep the newlines of the PEM text, for example with file().", number, part.noun())
		case begins && open != "":
			return nil, part.cut(number)
		case begins:
			open, body = kind, nil
		case ends && open == "":
			return nil, part.invalid("Block %d of the %s has an \"-----END\" line, but no line that begins with \"-----BEGIN\". Include the whole text, with nothing before the dashes.", number, part.noun())
		case ends && open != ended:
			return nil, part.invalid("Block %d of the %s is truncated: it begins as %s and ends as %s. Include the whole text.", number, part.noun(), showKind(open), showKind(ended))
		case ends:
			b, err := decode(open, body)
			if err != nil {
				return nil, part.invalid("Block %d of the %s (%s) is corrupt: %v. Use the text exactly as issued.", number, part.noun(), showKind(open), err)
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

// cut returns the Problem of a block without an end.
func (p Part) cut(number int) *Problem {
	return p.invalid("Block %d of the %s is truncated: its \"-----END\" line is missing. Include the whole text.", number, p.noun())
}

// trim removes spaces and byte order marks, which concatenated files also have in the middle.
func trim(text string) string {
	for {
		trimmed := strings.TrimPrefix(strings.TrimSpace(text), "\ufeff")
		if trimmed == text {
			return text
		}
		text = trimmed
	}
}

// label returns the kind of a block from its first or last line.
func label(line, word string) (kind string, ok bool) {
	kind, ok = strings.CutPrefix(line, "-----"+word+" ")
	if !ok {
		return "", false
	}
	kind, ok = strings.CutSuffix(kind, "-----")
	return kind, ok && kind != "" && !strings.Contains(kind, "-----")
}

// showKind quotes the kind of a block. It hides what does not look like one, as in a mangled text that may be part of a
// key. The longest word of any real kind is CERTIFICATE.
func showKind(kind string) string {
	for word := range strings.FieldsSeq(kind) {
		if len(word) > len("CERTIFICATE") || strings.ToUpper(word) != word {
			return "a block of an unknown type"
		}
	}
	return show(kind)
}

// decode parses the lines between the first and the last line of a block.
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
	// The error of base64 is omitted, as it may contain part of the text.
	der, err := base64.StdEncoding.DecodeString(strings.Join(body, ""))
	switch {
	case err != nil:
		return b, errors.New("it is not valid base64")
	case len(der) == 0:
		return b, errors.New("it is empty")
	}
	b.der = der
	return b, nil
}

// isKey reports whether a block is a private key of any kind.
func (b block) isKey() bool { return strings.HasSuffix(b.kind, "PRIVATE KEY") }

// isCertificate reports whether a block is a certificate, by its current or its old label.
func (b block) isCertificate() bool { return b.kind == "CERTIFICATE" || b.kind == "X509 CERTIFICATE" }

// ParseCertificate parses a certificate with its chain. It ignores line endings, indentation, byte order marks and text
// around the blocks. The error is a *Problem.
func ParseCertificate(text string) (*Chain, error) {
	chain, problem := parseCertificate(text)
	if problem != nil {
		return nil, problem
	}
	return &Chain{Certificates: chain}, nil
}

func parseCertificate(text string) ([]*x509.Certificate, *Problem) {
	const part = PartCertificate
	keyAt := func(number int) *Problem {
		return part.invalid("Block %d of the certificate is a private key. Remove it at once, as certificates are shown in plans and kept in state, and put it into private_key_wo.", number)
	}
	// A leaked key is the most urgent problem, so it is reported before any other.
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
			return nil, part.invalid("Block %d of the certificate is a certificate request. Use the certificate that the CA issued for it.", i+1)
		case b.kind == "PKCS7":
			return nil, part.invalid("Block %d of the certificate is a PKCS #7 bundle. Extract the certificates with \"openssl pkcs7 -print_certs\".", i+1)
		case b.kind == "TRUSTED CERTIFICATE":
			return nil, part.invalid("Block %d of the certificate is in OpenSSL's format with trust settings. Convert it with \"openssl x509 -in trusted.pem -out certificate.pem\".", i+1)
		case !b.isCertificate():
			return nil, part.invalid("Block %d of the certificate is %s. Include only certificates, leaf first.", i+1, showKind(b.kind))
		}
		certificate, err := x509.ParseCertificate(b.der)
		if err != nil {
			if _, _, err := parseKeyDER(b.der); err == nil {
				return nil, keyAt(i + 1)
			}
			fix := "Use the text exactly as issued."
			if strings.Contains(err.Error(), "elliptic curve") {
				fix = keyFix
			}
			return nil, part.invalid("Block %d of the certificate is not a usable X.509 certificate (%s). %s", i+1, show(err.Error()), fix)
		}
		chain = append(chain, certificate)
	}
	if len(chain) == 0 {
		return nil, part.invalid("The certificate contains no PEM block: no \"-----BEGIN\" is at the start of a line. Use the text exactly as issued.")
	}
	return chain, nil
}

// ParsePrivateKey parses a private key in PKCS #8, PKCS #1 or SEC 1 form. It accepts keys that TLS can use: RSA of at
// least 2048 bits, or ECDSA on P-256, P-384 or P-521. The error is a *Problem.
func ParsePrivateKey(text string) (crypto.Signer, error) {
	signer, _, problem := parsePrivateKey(text)
	if problem != nil {
		return nil, problem
	}
	return signer, nil
}

// PrivateKeyPEM returns a private key in a form that every server accepts: only the key, in its own encoding, with the
// label of that encoding. The error is a *Problem.
func PrivateKeyPEM(text string) (string, error) {
	_, key, problem := parsePrivateKey(text)
	if problem != nil {
		return "", problem
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: key.kind, Bytes: key.der})), nil
}

// parsePrivateKey returns the key and its block with a corrected kind.
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
			return refuse("Block %d of the private key is a certificate. Move it to certificate, and keep only the key here.", i+1)
		case b.kind == "ENCRYPTED PRIVATE KEY" || b.encrypted:
			return refuse("Block %d of the private key is encrypted, and ESA accepts no passphrase. Decrypt it with \"openssl pkey -in encrypted.pem -out key.pem\".", i+1)
		case b.kind == "OPENSSH PRIVATE KEY":
			return refuse("Block %d of the private key is in OpenSSH format. Convert it with \"ssh-keygen -p -m PEM -f FILE\".", i+1)
		case !b.isKey():
			return refuse("Block %d of the private key is %s. Include only the private key.", i+1, showKind(b.kind))
		case found != nil:
			return refuse("Block %d of the private key is a second key. Keep only the one that belongs to the certificate.", i+1)
		default:
			found, number = b, i+1
		}
	}
	if found == nil {
		return refuse("The private key contains no key. Use the text exactly as generated.")
	}
	parsed, kind, err := parseKeyDER(found.der)
	if err != nil {
		if kind := foreignKind(*found); kind != "" {
			return refuse("Block %d of the private key is %s. %s", number, kind, keyFix)
		}
		return refuse("Block %d of the private key cannot be parsed; it is corrupt or not a key. Use an RSA or ECDSA key in PKCS #8, PKCS #1 or SEC 1 form.", number)
	}
	signer, isSigner := parsed.(crypto.Signer)
	if !isSigner {
		return refuse("Block %d of the private key is of a type that cannot sign. %s", number, keyFix)
	}
	if fault := keyFault(signer.Public()); fault != "" {
		return refuse("Block %d of the private key is %s. %s", number, keyName(signer.Public()), fault)
	}
	return signer, block{kind: kind, der: found.der}, nil
}

// parseKeyDER tries all three encodings, as tools mix up their labels, and returns the correct label.
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

// foreignKind names the type of a key that crypto/x509 does not support, or returns "". The identifiers are from RFC
// 8410, 8017, 5480 and 3279.
func foreignKind(b block) string {
	const otherCurve = "an elliptic curve key that is corrupt or on an unsupported curve"
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

const keyFix = "Use RSA of at least 2048 bits, or ECDSA on P-256, P-384 or P-521."

// keyFault returns why a key is unusable, or "".
func keyFault(public crypto.PublicKey) string {
	switch key := public.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < 2048 {
			return "That is too short. " + keyFix
		}
		return ""
	case *ecdsa.PublicKey:
		switch key.Curve.Params().Name {
		case "P-256", "P-384", "P-521":
			return ""
		}
		return "TLS does not support that curve. " + keyFix
	}
	return "That key type is not supported. " + keyFix
}

// keyName returns a key's type and size, such as RSA-2048 or ECDSA-P256.
func keyName(public crypto.PublicKey) string {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA-%d", key.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA-" + strings.ReplaceAll(key.Curve.Params().Name, "-", "")
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return "of an unknown type"
}
